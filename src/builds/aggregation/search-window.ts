import { badRequest, type FieldError } from '../../base/errors.ts'
import { type AggregationParameters, maxWindowHours, type ParameterDefaults } from '../../model/parameters.ts'
import type { Window } from '../../sources/trace-source.ts'
import { parseTimeMs, timeFormats } from './parse-time.ts'

/** Longest window that can be built, ms. */
export const maxWindowMs = maxWindowHours * 3600 * 1000
/** How much Tempo holds in its live store or ingesters: its default for `query_backend_after`. */
const recentMs = 15 * 60 * 1000

/**
 * Reads the window from `from`, `to` and `searchFrom`.
 *
 * @param requested the parameters of the caller: its `searchFrom` overrides a configured `from`
 * @param parameters the same, completed with the configured parameters
 * @param errors receives every field that is wrong
 * @returns undefined if a time could not be read
 */
export function requestedWindow(
  requested: AggregationParameters,
  parameters: ParameterDefaults,
  nowMs: number,
  errors: FieldError[],
): Window | undefined {
  const { searchFrom } = requested
  if (requested.from !== undefined && searchFrom !== undefined) {
    errors.push({ field: 'searchFrom', value: searchFrom, message: 'cannot be combined with from' })
  }
  const timeOf = (field: 'from' | 'to', value: string | number | undefined, defaultMs: number) => {
    if (value === undefined) return defaultMs
    const ms = parseTimeMs(value, nowMs)
    if (ms === undefined) errors.push({ field, value, message: timeFormats })
    return ms
  }
  const from = searchFrom === undefined ? parameters.from : undefined
  const toMs = timeOf('to', parameters.to, nowMs)
  const fromMs = timeOf('from', from, (toMs ?? nowMs) - parameters.searchFrom * 1000)
  if (toMs === undefined || fromMs === undefined) return undefined
  const problem = windowProblem(fromMs, toMs, nowMs)
  if (problem) {
    const [field, value] = from === undefined ? ['searchFrom', parameters.searchFrom] : ['from', from]
    errors.push({ field, value, message: `${problem} (the window would be ${iso(fromMs)} to ${iso(toMs)})` })
  }
  return { fromMs, toMs }
}

function windowProblem(fromMs: number, toMs: number, nowMs: number): string | undefined {
  if (fromMs >= toMs) return 'must be before to'
  if (toMs - fromMs > maxWindowMs) return `must be at most ${maxWindowHours} h before to`
  if (fromMs > nowMs) return 'must not be in the future'
  return fromMs < 0 ? 'must not be before 1970' : undefined
}

/**
 * Cuts off the future, and the part of the window that the search mode leaves out.
 *
 * @throws {TtaError} TTA_BAD_REQUEST the search mode leaves out the whole window
 */
export function clipWindow(
  { fromMs, toMs }: Window,
  searchMode: ParameterDefaults['searchMode'],
  nowMs: number,
): { window: Window; warnings: string[] } {
  const warnings: string[] = []
  const window = { fromMs, toMs: fromMs < nowMs ? Math.min(toMs, nowMs) : toMs }
  const boundaryMs = nowMs - recentMs
  if (searchMode === 'ingesters' && fromMs < boundaryMs) {
    window.fromMs = boundaryMs
    warnings.push(`search_mode ingesters: only the last 15 min were read, from ${iso(boundaryMs)} on.`)
  }
  if (searchMode === 'blocks' && window.toMs > boundaryMs) {
    window.toMs = boundaryMs
    warnings.push(`search_mode blocks: only traces older than 15 min were read, up to ${iso(boundaryMs)}.`)
  }
  if (window.fromMs < window.toMs) return { window, warnings }
  const message = `must be all for a window from ${iso(fromMs)} to ${iso(toMs)}: ${searchMode} leaves out all of it`
  throw badRequest([{ field: 'searchMode', value: searchMode, message }])
}

/** Whether the window ends now, so that the same request means a later window the next time. */
export function isMoving({ to, searchMode }: ParameterDefaults): boolean {
  return (to === undefined || to === 'now') && searchMode === 'all'
}

function iso(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms)
}
