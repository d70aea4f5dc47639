/**
 * Ids are words of 32 bits, most significant first: four for a trace id, two for a span id. 64-bit integers do not fit
 * a JavaScript number, and BigInt allocates.
 */
export const traceIdWords = 4

/** Compares the trace ids at `a[at]` and `b[bt]`: negative, 0 or positive. */
export function compareTraceIds(a: Uint32Array, at: number, b: Uint32Array, bt: number): number {
  for (let word = 0; word < traceIdWords; word++) {
    const difference = a[at + word]! - b[bt + word]!
    if (difference !== 0) return difference
  }
  return 0
}

/** Returns whether the `count` words at `a[at]` and `b[bt]` are equal. The last word differs most often. */
export function sameWords(
  a: ArrayLike<number>,
  at: number,
  b: ArrayLike<number>,
  bt: number,
  count: number,
): boolean {
  for (let word = count - 1; word >= 0; word--) if (a[at + word] !== b[bt + word]) return false
  return true
}

/** Copies the `count` words at `from[at]` to `to[bt]`. For so few words a loop is faster than a call of `set`. */
export function copyWords(
  from: Uint32Array,
  at: number,
  to: Uint32Array,
  bt: number,
  count = traceIdWords,
): void {
  for (let word = 0; word < count; word++) to[bt + word] = from[at + word]!
}

const hexDigits = new TextEncoder().encode('0123456789abcdef')

/** Returns the `count` words at `words[at]` as hex: 8 digits for each, lower case. */
export function hexOfWords(words: ArrayLike<number>, at = 0, count = traceIdWords): string {
  const characters = new Array<number>(count * 8)
  for (let digit = 0; digit < characters.length; digit++) {
    const word = words[at + (digit >> 3)]!
    characters[digit] = hexDigits[(word >>> (28 - (digit & 7) * 4)) & 15]!
  }
  return String.fromCharCode(...characters)
}

/** Returns the four words of a trace id of 32 hex digits. */
export function parseTraceId(hex: string): Uint32Array {
  return Uint32Array.from({ length: traceIdWords }, (_, word) =>
    Number.parseInt(hex.slice(word * 8, word * 8 + 8), 16),
  )
}
