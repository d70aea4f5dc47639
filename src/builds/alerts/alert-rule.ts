import { RE2JS } from 're2js'
import { badRequest, type FieldError } from '../../base/errors.ts'
import { checkPatternSize } from '../../base/pattern-size.ts'
import type { AggregationParameters } from '../../model/parameters.ts'
import { maxWindowMs } from '../aggregation/search-window.ts'
import type { Alert } from './notification.ts'
import { patternTemplate, traceqlTemplate } from './rule-templates.ts'

/** Time that may pass between the choice of a window and its read, ms. */
const slackMs = 60_000

/** The part of the window that lies around the alert. */
export interface AlertMargins {
  /** Before the alert started, s. */
  beforeSec: number
  /** After the alert ended, s. */
  afterSec: number
}

/** The configuration of a rule: which alerts build which graph, and with which parameters. */
export interface AlertRuleOptions extends AlertMargins {
  name: string
  /** Matchers by label; all must match. {}: the rule matches every alert. */
  match: Record<string, string>
  on: 'firing' | 'resolved' | 'both'
  graph: string
  /** `filter` and `query` may be templates. */
  parameters: Omit<AggregationParameters, 'graph' | 'from' | 'to' | 'searchFrom' | 'dryRun'>
}

export interface AlertRule {
  readonly name: string
  readonly graph: string
  readonly on: AlertRuleOptions['on']
  matches(alert: Alert): boolean
  /**
   * Returns the parameters of the build for an alert that matches.
   *
   * @param nowMs Unix ms
   * @throws {MissingValue} the alert lacks a label or annotation that a template names
   */
  parameters(alert: Alert, nowMs: number): AggregationParameters
}

/** @throws {TtaError} TTA_BAD_REQUEST with every error, by its key in the configuration */
export function alertRule(options: AlertRuleOptions): AlertRule {
  const { name, graph, on, parameters: fixed } = options
  const errors: FieldError[] = []
  const read = <T>(field: string, value: string, parse: (value: string) => T): T | undefined => {
    try {
      return parse(value)
    } catch (error) {
      errors.push({ field, value, message: (error as RangeError).message })
      return undefined
    }
  }
  const matchers = Object.entries(options.match)
    .map(([label, text]) => read(`match.${label}`, text, () => labelMatcher(label, text)))
    .filter((matcher): matcher is LabelMatcher => matcher !== undefined)
  const filter = fixed.filter === undefined ? undefined : read('filter', fixed.filter, patternTemplate)
  const query = fixed.query === undefined ? undefined : read('query', fixed.query, traceqlTemplate)
  if (errors.length > 0) throw badRequest(errors)

  return {
    name,
    graph,
    on,
    matches: ({ labels }) =>
      matchers.every(({ label, matches }) =>
        matches(Object.hasOwn(labels, label) ? (labels[label] ?? '') : ''),
      ),
    parameters: (alert, nowMs) => ({
      ...fixed,
      graph,
      ...(filter ? { filter: filter.fill(alert) } : {}),
      ...(query ? { query: query.fill(alert) } : {}),
      ...alertWindow(alert, options, nowMs),
    }),
  }
}

/** The condition of a rule on one label. */
export interface LabelMatcher {
  label: string
  /** @param value '' if the alert has no such label, as in Prometheus */
  matches(value: string): boolean
}

/**
 * Reads a matcher in Alertmanager's syntax: `HighLatency` or `=HighLatency` equals, `!=x` does not, `=~a|b` matches
 * the whole value, `!~a|b` does not. Patterns are RE2.
 *
 * @throws {RangeError} the pattern does not compile
 */
export function labelMatcher(label: string, text: string): LabelMatcher {
  const [, operator = '=', operand = ''] = /^(=~|!~|!=|=)?(.*)$/s.exec(text) ?? []
  const isPositive = operator.startsWith('=')
  if (!operator.endsWith('~')) return { label, matches: (value) => (value === operand) === isPositive }
  const pattern = compileMatcher(operand)
  return { label, matches: (value) => pattern.matches(value) === isPositive }
}

function compileMatcher(pattern: string): RE2JS {
  checkPatternSize(pattern)
  try {
    return RE2JS.compile(pattern, RE2JS.DOTALL)
  } catch (error) {
    throw new RangeError(`must have an RE2 regular expression after the ~: ${(error as Error).message}`)
  }
}

/**
 * Returns the window around an alert: from before its start until after its end, or until now while it fires. A window
 * that is too long loses its beginning. A start that is not known, or is in the future, counts as now.
 *
 * @param nowMs Unix ms
 */
export function alertWindow(
  { startsAt, endsAt, status }: Alert,
  { beforeSec, afterSec }: AlertMargins,
  nowMs: number,
): { from: string; to: string } {
  const startMs = knownMs(startsAt, nowMs) ?? nowMs
  const endMs = status === 'resolved' && endsAt !== undefined ? knownMs(endsAt, nowMs) : undefined
  const toMs = endMs === undefined ? nowMs : Math.min(nowMs, Math.max(endMs, startMs) + afterSec * 1000)
  const earliestMs = toMs - maxWindowMs + slackMs
  const fromMs = Math.max(earliestMs, Math.min(startMs, toMs - 1) - beforeSec * 1000)
  return { from: iso(fromMs), to: toMs === nowMs ? 'now' : iso(toMs) }
}

/** Returns undefined for the future and for times before 1970: Go's zero time, in year 1, means "not known". */
function knownMs(time: string, nowMs: number): number | undefined {
  const ms = Date.parse(time)
  return ms > 0 && ms <= nowMs ? ms : undefined
}

const iso = (ms: number) => new Date(Math.max(0, ms)).toISOString()
