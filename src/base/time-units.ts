/** Seconds of each unit of time, by its letter. */
export const secondsPerUnit: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
}

/** Units of a Go duration (pkg.go.dev/time#ParseDuration) that Tempo prints. */
const secondsPerGoUnit: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001 }

/** Regular expression for a Go duration, such as `1h30m0s`. */
export const goDurationPattern = String.raw`(?:\d+(?:\.\d+)?(?:ms|h|m|s))+`

/** The seconds of a text that matches `goDurationPattern`. */
export function parseGoDurationSec(text: string): number {
  let sec = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)) {
    sec += Number(amount) * (secondsPerGoUnit[unit as string] as number)
  }
  return sec
}
