import { badRequest, type FieldError } from '../../base/errors.ts'
import {
  type AggregationParameters,
  type ParameterDefaults,
  servicesGraphName,
} from '../../model/parameters.ts'
import {
  type Attribute,
  compilePattern,
  parseTag,
  type TagSelector,
  tagSelector,
} from '../../sources/tag-selector.ts'
import type { Window } from '../../sources/trace-source.ts'
import { normalTenant, tenantProblem } from './tenant.ts'
import { parseTimeMs, timeForms } from './time.ts'

/** Longest window: Tempo's default for `query_frontend.search.max_duration`. */
const maxWindowMs = 168 * 3600 * 1000
/** How much Tempo holds in its live store or ingesters: its default for `query_backend_after`. */
const recentMs = 15 * 60 * 1000

/** Longest name of a graph. */
const maxNameLength = 64

/** One build in full: the caller's parameters over the configured ones, checked. */
export interface AggregationRequest {
  parameters: ParameterDefaults
  selector: TagSelector
  sampling: Attribute | undefined
  window: Window
  warnings: string[]
}

/** What the configuration says of the tenants that a request may name. */
export interface TenantChoice {
  /** Of the graph. */
  own: string | undefined
  /** Of any graph. */
  listed: readonly string[]
}

/**
 * @param nowMs Unix ms
 * @throws {TtaError} TTA_BAD_REQUEST with every field that is wrong
 */
export function aggregationRequest(
  asked: AggregationParameters,
  defaults: ParameterDefaults,
  nowMs: number,
  tenants: TenantChoice = { own: defaults.tenant, listed: [] },
): AggregationRequest {
  const errors: FieldError[] = []
  const parameters = { ...defaults, ...asked }
  if (parameters.searchMode === 'ingester') parameters.searchMode = 'ingesters'
  if (asked.from !== undefined && asked.searchFrom !== undefined) {
    errors.push({
      field: 'searchFrom',
      value: asked.searchFrom,
      message: 'must not stand beside from: they say the same',
    })
  }
  checkServicesName(parameters, errors)
  checkTenant(parameters, tenants, errors)
  const selector = checkedSelector(parameters, errors)
  const asWritten = askedWindow(parameters, asked.searchFrom !== undefined, nowMs, errors)
  if (!selector || !asWritten || errors.length > 0) throw badRequest(errors)
  const { window, warnings } = clippedWindow(asWritten, parameters, nowMs)
  const { samplingAttribute } = parameters
  const sampling = samplingAttribute === undefined ? undefined : parseTag(samplingAttribute)
  return { parameters, selector, sampling, window, warnings }
}

/** The same for requests that ask for the same. Times count as they are written: the last hour is the last hour. */
export function parametersKey(parameters: ParameterDefaults): string {
  return JSON.stringify(Object.entries(parameters).sort())
}

/** The same for requests whose graphs differ by nothing but their window. */
export function unwindowedKey({ from, to, searchFrom, compare, dryRun, ...rest }: ParameterDefaults): string {
  return JSON.stringify(Object.entries(rest).sort())
}

function checkServicesName({ graph, level }: ParameterDefaults, errors: FieldError[]): void {
  if (level !== 'both' || servicesGraphName(graph).length <= maxNameLength) return
  const most = maxNameLength - servicesGraphName('').length
  const message = `must have at most ${most} characters at level both: ${servicesGraphName('<graph>')} is stored too`
  errors.push({ field: 'graph', value: graph, message })
}

/** Brings the tenant to its normal form besides: `b|a` is `a|b`. */
function checkTenant(
  parameters: ParameterDefaults,
  { own, listed }: TenantChoice,
  errors: FieldError[],
): void {
  const { tenant } = parameters
  if (tenant === undefined) return
  parameters.tenant = normalTenant(tenant)
  const message = tenantProblem(parameters.tenant, own, listed)
  if (message) errors.push({ field: 'tenant', value: tenant, message })
}

function checkedSelector(
  { tag, filter, samplingAttribute }: ParameterDefaults,
  errors: FieldError[],
): TagSelector | undefined {
  const before = errors.length
  const check = (field: string, value: string, parse: (value: string) => unknown) => {
    try {
      parse(value)
    } catch (error) {
      errors.push({ field, value, message: (error as RangeError).message })
    }
  }
  check('tag', tag, parseTag)
  check('filter', filter, compilePattern)
  if (samplingAttribute !== undefined) check('samplingAttribute', samplingAttribute, parseTag)
  return errors.length === before ? tagSelector(tag, filter) : undefined
}

/** @param ignoreFrom the caller gave `searchFrom`, which then goes before a configured `from` */
function askedWindow(
  parameters: ParameterDefaults,
  ignoreFrom: boolean,
  nowMs: number,
  errors: FieldError[],
): Window | undefined {
  const at = (field: 'from' | 'to', value: string | number | undefined, otherwise: number) => {
    if (value === undefined) return otherwise
    const ms = parseTimeMs(value, nowMs)
    if (ms === undefined) {
      errors.push({ field, value, message: timeForms })
    }
    return ms
  }
  const toMs = at('to', parameters.to, nowMs)
  const fromMs = at(
    'from',
    ignoreFrom ? undefined : parameters.from,
    (toMs ?? nowMs) - parameters.searchFrom * 1000,
  )
  if (toMs === undefined || fromMs === undefined) return undefined
  const isFrom = parameters.from !== undefined && !ignoreFrom
  const problem = windowProblem(fromMs, toMs, nowMs)
  if (problem) {
    const value = isFrom ? parameters.from : parameters.searchFrom
    const message = `${problem} (the window would be ${iso(fromMs)} to ${iso(toMs)})`
    errors.push({ field: isFrom ? 'from' : 'searchFrom', value, message })
  }
  return { fromMs, toMs }
}

function windowProblem(fromMs: number, toMs: number, nowMs: number): string | undefined {
  if (fromMs >= toMs) return 'must be before to'
  if (toMs - fromMs > maxWindowMs) return 'must be at most 168 h before to'
  if (fromMs > nowMs) return 'must not lie in the future'
  return fromMs < 0 ? 'must not be before 1970' : undefined
}

/** Cuts off what has not happened yet, and what the search mode leaves out. */
function clippedWindow(
  { fromMs, toMs }: Window,
  { searchMode }: ParameterDefaults,
  nowMs: number,
): { window: Window; warnings: string[] } {
  const warnings: string[] = []
  const window = { fromMs, toMs: fromMs < nowMs ? Math.min(toMs, nowMs) : toMs }
  const boundaryMs = nowMs - recentMs
  if (searchMode === 'ingesters' && fromMs < boundaryMs) {
    window.fromMs = boundaryMs
    warnings.push(
      `search_mode ingesters: only what is younger than 15 min was read, from ${iso(boundaryMs)} on.`,
    )
  }
  if (searchMode === 'blocks' && window.toMs > boundaryMs) {
    window.toMs = boundaryMs
    warnings.push(`search_mode blocks: only what is older than 15 min was read, up to ${iso(boundaryMs)}.`)
  }
  if (window.fromMs < window.toMs) return { window, warnings }
  const message = `leaves nothing of the window from ${iso(fromMs)} to ${iso(toMs)}: use all`
  throw badRequest([{ field: 'searchMode', value: searchMode, message }])
}

function iso(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms)
}
