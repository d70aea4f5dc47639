const comma = 0x2c
const semicolon = 0x3b
const thresholdDigits = 14

/**
 * Computes the adjusted count of a sampled span from the threshold in its W3C tracestate, `ot=th:<hex>`. Of 2^56 random
 * values the sampler keeps those from the threshold on
 * (opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling).
 *
 * @returns the number of spans that this one represents, 1 to 2^56. 0 if the tracestate in `bytes[start, end)` has no
 *   threshold; NaN if the threshold is not 1 to 14 hex digits.
 */
export function adjustedCountOf(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; ) {
    const to = endOfItem(bytes, at, end, comma)
    at = skipBlanks(bytes, at, to)
    if (startsWith(bytes, at, to, 'ot=')) return countIn(bytes, at + 3, to)
    at = to + 1
  }
  return 0
}

function countIn(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; ) {
    const to = endOfItem(bytes, at, end, semicolon)
    if (startsWith(bytes, at, to, 'th:')) return countOf(bytes, at + 3, trimmedEnd(bytes, at + 3, to))
    at = to + 1
  }
  return 0
}

/** The threshold comes without its trailing zeros. */
function countOf(bytes: Uint8Array, start: number, end: number): number {
  if (start === end || end - start > thresholdDigits) return Number.NaN
  let dropped = 0n
  for (let at = start; at < end; at++) {
    const digit = '0123456789abcdef'.indexOf(String.fromCharCode(bytes[at]!))
    if (digit < 0) return Number.NaN
    dropped = (dropped << 4n) | BigInt(digit)
  }
  dropped <<= BigInt(4 * (thresholdDigits - (end - start)))
  return 2 ** 56 / Number(2n ** 56n - dropped)
}

function endOfItem(bytes: Uint8Array, start: number, end: number, separator: number): number {
  let at = start
  while (at < end && bytes[at] !== separator) at++
  return at
}

const isBlank = (byte: number) => byte === 0x20 || byte === 0x09

function skipBlanks(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && isBlank(bytes[at]!)) at++
  return at
}

function trimmedEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = end
  while (at > start && isBlank(bytes[at - 1]!)) at--
  return at
}

function startsWith(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start < text.length) return false
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false
  return true
}
