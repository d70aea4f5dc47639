import { badRequest } from '../../base/errors.ts'
import { secondsPerUnit } from '../../base/time-units.ts'

const iso8601 = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/

/**
 * Reads a point in time: epoch s, epoch ms, ISO 8601, `now`, `now-20m` (s, m, h, d, w). Text without a zone is UTC.
 *
 * @param nowMs the time of `now`, Unix ms
 * @returns Unix ms; undefined if the value has another format or is outside the years 1970 to 2554
 */
export function parseTimeMs(value: string | number, nowMs: number): number | undefined {
  const text = String(value).trim()
  const ms = /^\d+(\.\d+)?$/.test(text) ? epochMs(Number(text)) : (relativeMs(text, nowMs) ?? isoMs(text))
  return ms !== undefined && ms >= 0 && ms < maxTimeMs ? ms : undefined
}

/** Continues an error message after the name of the field. */
export const timeFormats = 'must be epoch s, epoch ms, ISO 8601, now or now-20m (s, m, h, d, w)'

/** Reads a point in time as `parseTimeMs`. @throws {TtaError} 400 that names the field */
export function requiredTimeMs(field: string, value: string | number, nowMs: number): number {
  const ms = parseTimeMs(value, nowMs)
  if (ms === undefined) throw badRequest([{ field, value, message: timeFormats }])
  return ms
}

/** Unix ns of later times do not fit into 64 bits. */
const maxTimeMs = 2 ** 64 / 1e6

/** Values below 10^11 are seconds (until the year 5138), others milliseconds (from 1973 on). */
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

/** Whether the day exists: Date.parse reads 30 February as 2 March. */
function isDay(day: string): boolean {
  const ms = Date.parse(day)
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day)
}
