import type { SpanTable } from '../../../graph/spans/span-table.ts'

/** Appends the rows of `other` that `spans` lacks, by span id and kind. @returns the number of rows appended */
export function addMissingSpans(spans: SpanTable, other: SpanTable): number {
  const known = new Set<string>()
  for (let row = 0; row < spans.length; row++) known.add(identity(spans, row))
  const before = spans.length
  for (let row = 0; row < other.length; row++) {
    if (!known.has(identity(other, row))) spans.copyRow(other, row)
  }
  return spans.length - before
}

const identity = (spans: SpanTable, row: number) =>
  `${spans.spanIdHi[row]}.${spans.spanIdLo[row]}.${spans.kind[row]}`
