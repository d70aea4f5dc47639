import { badRequest } from '../../base/errors.ts'
import { secondsPerUnit } from '../../base/time-units.ts'

const iso8601 = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/

/**
 * Reads a point in time as callers write it: epoch s, epoch ms, ISO 8601, `now`, `now-20m` (s, m, h, d, w).
 * Text without a zone is UTC.
 *
 * @param nowMs what `now` means, Unix ms
 * @returns Unix ms, or undefined where the value is none of these or lies outside the years 1970 to 2554
 */
export function parseTimeMs(value: string | number, nowMs: number): number | undefined {
  const text = String(value).trim()
  const ms = /^\d+(\.\d+)?$/.test(text) ? epochMs(Number(text)) : (relativeMs(text, nowMs) ?? isoMs(text))
  return ms !== undefined && ms >= 0 && ms < maxTimeMs ? ms : undefined
}

export const timeFormats = 'must be epoch s, epoch ms, ISO 8601, now or now-20m (s, m, h, d, w)'

/** As `parseTimeMs`. @throws {TtaError} 400 that names the field */
export function requiredTimeMs(field: string, value: string | number, nowMs: number): number {
  const ms = parseTimeMs(value, nowMs)
  if (ms === undefined) throw badRequest([{ field, value, message: timeFormats }])
  return ms
}

/** What fits into 64 bits of ns. */
const maxTimeMs = 2 ** 64 / 1e6

/** Below 10^11 seconds (the year 5138), from there on milliseconds (1973); nanoseconds are out of range. */
const epochMs = (value: number) => (value < 1e11 ? value * 1000 : value)

function relativeMs(text: string, nowMs: number): number | undefined {
  const [match, amount = '0', unit = 's'] = /^now(?:-(\d+(?:\.\d+)?)([smhdw]))?$/.exec(text) ?? []
  return match === undefined ? undefined : nowMs - Number(amount) * (secondsPerUnit[unit] ?? 1) * 1000
}

function isoMs(text: string): number | undefined {
  if (!iso8601.test(text) || !isDay(text.slice(0, 10))) return undefined
  const hasZone = /(Z|[+-]\d\d:?\d\d)$/.test(text) && text.includes('T')
  const ms = Date.parse(hasZone || !text.includes('T') ? text : `${text}Z`)
  return Number.isNaN(ms) ? undefined : ms
}

/** Date.parse takes 30 February for 2 March. */
function isDay(day: string): boolean {
  const ms = Date.parse(day)
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day)
}
