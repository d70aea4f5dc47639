/** Returns 1,234, 12.3k or 4.56M: three digits from 10,000 on. */
export function shortCount(value: number): string {
  if (value < 10_000) return grouped(value)
  const [scale, unit] = value < 1e6 ? [1e3, 'k'] : value < 1e9 ? [1e6, 'M'] : [1e9, 'G']
  return `${Number((value / scale).toPrecision(3))}${unit}`
}

export const grouped = (value: number) => Math.round(value).toLocaleString('en-US')

/** Returns 1 call or 1,234 calls. */
export const counted = (value: number, what: string) => `${grouped(value)} ${what}${value === 1 ? '' : 's'}`

/** Returns a duration in a readable unit: 320 µs, 12.3 ms, 1.25 s, 3.5 min. */
export function duration(ms: number): string {
  if (ms === 0) return '0 ms'
  if (ms < 0.9995) return `${digits(ms * 1000)} µs`
  if (ms < 999.5) return `${digits(ms)} ms`
  return ms < 99_950 ? `${digits(ms / 1000)} s` : `${digits(ms / 60_000)} min`
}

const digits = (value: number) => String(Number(value.toPrecision(3)))

/** Returns a share from 0 to 1 as a percentage. Only exact values give 0 % or 100 %. */
export function percent(share: number): string {
  if (share > 0 && share < 0.001) return '<0.1 %'
  if (share < 1 && share > 0.999) return '>99.9 %'
  return `${Number((share * 100).toPrecision(share < 0.1 ? 2 : 3))} %`
}

/** Returns calls per second; per minute or per hour if there is less than one per second or minute. */
export function rate(perSec: number): string {
  if (perSec === 0) return '0/s'
  if (perSec >= 1) return `${perSec < 1000 ? digits(perSec) : shortCount(perSec)}/s`
  return perSec * 60 >= 1 ? `${digits(perSec * 60)}/min` : `${digits(perSec * 3600)}/h`
}

/** Returns 15 min, 2 h or 1 d 6 h. */
export function timeSpan(seconds: number): string {
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor((seconds % 86_400) / 3600), 'h'],
    [Math.floor((seconds % 3600) / 60), 'min'],
    [Math.round(seconds % 60), 's'],
  ]
  const texts = parts.filter(([amount]) => amount > 0).slice(0, 2)
  return texts.length === 0 ? '0 s' : texts.map(([amount, unit]) => `${amount} ${unit}`).join(' ')
}

/** Returns the age of a time in one unit. */
export function ago(thenMs: number, nowMs: number): string {
  const seconds = Math.max(0, (nowMs - thenMs) / 1000)
  if (seconds < 5) return 'just now'
  if (seconds < 60) return `${Math.floor(seconds)} s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h ago` : `${Math.floor(seconds / 86_400)} d ago`
}

/** Returns 14:05:09 in the time zone of the browser, with the date if it is not today. */
export function clockTime(iso: string, nowMs: number): string {
  const then = new Date(iso)
  const time = then.toLocaleTimeString('en-GB')
  if (then.toDateString() === new Date(nowMs).toDateString()) return time
  return `${then.toLocaleDateString('en-CA')} ${time}`
}
