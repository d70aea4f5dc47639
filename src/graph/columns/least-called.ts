/**
 * While traces are read there may be so many times the nodes that are drawn: which are the most called is known only at
 * the end.
 */
export const nodesWhileReading = 10

/** Rows that have calls, the most called first; of equals the first in order. */
function ranked(rows: number, countOf: (row: number) => number, compare: (a: number, b: number) => number) {
  return Array.from({ length: rows }, (_, row) => row)
    .filter((row) => countOf(row) > 0)
    .sort((a, b) => countOf(b) - countOf(a) || compare(a, b))
}

/** By UTF-16 code units: the same everywhere, whatever the locale. */
export function compareTexts(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/**
 * The rows that are folded where more than `max` have calls: the least called, by name among equals.
 *
 * @returns the rows, empty where all may stay, and how many rows have calls
 */
export function leastCalled(
  rows: number,
  countOf: (row: number) => number,
  compare: (a: number, b: number) => number,
  max: number,
): { least: number[]; of: number } {
  const order = ranked(rows, countOf, compare)
  return { least: order.slice(max), of: order.length }
}
