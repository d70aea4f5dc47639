import type { SpanTable } from '../../../graph/spans/span-table.ts'

/** Appends those rows of `found` that `spans` lacks, by span id and kind. @returns how many they are */
export function addMissing(spans: SpanTable, found: SpanTable): number {
  const known = new Set<string>()
  for (let row = 0; row < spans.length; row++) known.add(identity(spans, row))
  const before = spans.length
  for (let row = 0; row < found.length; row++) {
    if (!known.has(identity(found, row))) spans.copyRow(found, row)
  }
  return spans.length - before
}

const identity = (spans: SpanTable, row: number) =>
  `${spans.spanIdHi[row]}.${spans.spanIdLo[row]}.${spans.kind[row]}`
