import { compareSpans, type SpanTable } from '../../../graph/spans/span-table.ts'

/** Appends the rows of `other` that `spans` lacks, also further pieces of its spans. @returns the number of rows appended */
export function addMissingSpans(spans: SpanTable, other: SpanTable): number {
  const known = new Map<string, number[]>()
  const before = spans.length
  for (let row = 0; row < before; row++) {
    const rows = known.get(idOf(spans, row))
    if (rows) rows.push(row)
    else known.set(idOf(spans, row), [row])
  }
  for (let row = 0; row < other.length; row++) {
    spans.copyRow(other, row)
    const added = spans.length - 1
    const isKnown = known.get(idOf(other, row))?.some((one) => compareSpans(spans, one, added) === 0)
    if (isKnown) spans.length--
  }
  return spans.length - before
}

const idOf = (spans: SpanTable, row: number) => `${spans.spanIdHi[row]}.${spans.spanIdLo[row]}`
