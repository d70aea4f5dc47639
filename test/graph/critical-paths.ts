import { StringTable } from '../../src/graph/columns/string-table.ts'
import type { SpanTable } from '../../src/graph/spans/span-table.ts'
import { CriticalPath } from '../../src/graph/trace/critical-path.ts'
import { TraceTree } from '../../src/graph/trace/trace-tree.ts'
import { spanTable, type TestSpan } from '../support/graph/test-spans.ts'

/** One instance for all tests: nothing may be left over from the trace before. */
export const shared = { tree: new TraceTree(), criticalPath: new CriticalPath() }

export function measure(table: SpanTable): CriticalPath {
  shared.tree.build(table)
  shared.criticalPath.measure(table, shared.tree)
  return shared.criticalPath
}

export const tableOf = (spans: TestSpan[]) => spanTable(new StringTable(), 1, spans)

export const at = (column: ArrayLike<number>, row: number) => column[row] ?? Number.NaN

export interface Section {
  row: number
  fromNs: number
  toNs: number
}

/** The path of one root, latest section first, out of the rows on it and their times. */
export function sectionsOf(path: CriticalPath, tree: TraceTree, root: number): Section[] {
  const rows = Array.from(path.path.subarray(0, path.length))
  const sections: Section[] = []
  const walk = (row: number): void => {
    let cursorNs = at(path.toNs, row)
    const add = (fromNs: number) => fromNs < cursorNs && sections.push({ row, fromNs, toNs: cursorNs })
    const below = rows.filter((child) => at(tree.parent, child) === row)
    for (const child of below.sort((a, b) => at(path.toNs, b) - at(path.toNs, a))) {
      add(at(path.toNs, child))
      walk(child)
      cursorNs = at(path.fromNs, child)
    }
    add(at(path.fromNs, row))
  }
  if (rows.includes(root)) walk(root)
  return sections
}
