/** Most characters of a pattern with its repeats written out. */
const maxSize = 500

/** @throws {RangeError} the repeats of an RE2 pattern make it too large to compile and match in a few ms */
export function checkPatternSize(pattern: string): void {
  const size = patternSize(pattern)
  if (size <= maxSize) return
  throw new RangeError(
    `must have at most ${maxSize} characters with its repeats written out, not ${size}: a{3} has 3`,
  )
}

/**
 * Returns the length of an RE2 pattern with its counted repeats written out: `(ab){3}` has 6 characters. The cost of
 * compiling and of matching grows with it, and RE2 allows 1,000 for each nest of repeats. It is about the number of
 * instructions, and costs one pass over the pattern.
 *
 * @param pattern need not be valid
 */
export function patternSize(pattern: string): number {
  const groups: number[] = []
  let size = 0
  let last = 0
  for (const [text] of pattern.matchAll(part)) {
    const count = repeats(text)
    if (count !== undefined) {
      size += last * (count - 1)
      last *= count
    } else if (text.startsWith('(')) {
      groups.push(size)
      size = 0
      last = 0
    } else if (text === ')') {
      last = size + 1
      size = (groups.pop() ?? 0) + last
    } else {
      last = Math.max(1, text.startsWith('\\Q') ? text.length - 4 : 1)
      size += last
    }
  }
  return groups.reduce((sum, outer) => sum + outer, size)
}

/** A quoted text, an escape, a class, a repeat, a bracket with its flags, or one other character. */
const part =
  /\\Q[\s\S]*?(?:\\E|$)|\\[pP](?:\{[^}]*\}|[A-Z])|\\x\{[^}]*\}|\\[\s\S]|\[\^?\]?(?:\[:\w+:\]|\\[\s\S]|[^\]\\])*\]|\{\d+(?:,\d*)?\}|\((?:\?[^):]*:?)?|[\s\S]/g

function repeats(text: string): number | undefined {
  const [, least, most] = /^\{(\d+)(?:,(\d*))?\}$/.exec(text) ?? []
  return least === undefined ? undefined : Math.max(1, Number(least), Number(most || 0))
}
