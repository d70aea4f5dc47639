import { badRequest, type FieldError } from '../../base/errors.ts'
import type { AggregationParameters } from '../../model/parameters.ts'
import { type AlertMargins, alertWindow } from './alert-window.ts'
import { type LabelMatcher, labelMatcher } from './label-matcher.ts'
import type { Alert } from './notification.ts'
import { patternTemplate, traceqlTemplate } from './quoted-templates.ts'

/** Which graph an alert rebuilds, and of what, as it is configured. */
export interface AlertRuleOptions extends AlertMargins {
  name: string
  /** Label to matcher; all must match. None: every alert. */
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
   * What to build for an alert that matches.
   *
   * @param nowMs Unix ms
   * @throws {MissingValue} the alert lacks what a template wants
   */
  parameters(alert: Alert, nowMs: number): AggregationParameters
}

/** @throws {TtaError} TTA_BAD_REQUEST with everything that is wrong, by its key in the configuration */
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
