import fc from 'fast-check'
import t from 'tap'
import type { SpanTable } from '../../src/graph/spans/span-table.ts'
import { ParentState } from '../../src/graph/trace/trace-tree.ts'
import { arbitraryTightTrace, arbitraryTrace, type TestSpan } from '../support/graph/test-spans.ts'
import { holds } from '../support/property.ts'
import { sweepExclusiveNs } from './critical-path-sweep.ts'
import { at, measure, sectionsOf, shared, tableOf } from './critical-paths.ts'

const anyTrace = fc.oneof(arbitraryTightTrace, arbitraryTrace)

const rootsOf = (table: SpanTable) =>
  Array.from({ length: table.length }, (_, row) => row).filter(
    (row) => at(shared.tree.parent, row) === ParentState.root,
  )

/** The root above each row, or one of the other `Top`s. */
function topOf(row: number): number {
  for (let top = row; ; ) {
    const parent = at(shared.tree.parent, top)
    if (parent < 0) return parent === ParentState.root ? top : parent
    top = parent
  }
}

t.test('the rows under a root add up exactly to its duration, and none is negative', async (t) => {
  const addsUp = fc.property(anyTrace, (spans) => {
    const table = tableOf(spans)
    const { exclusiveNs } = measure(table)
    const sums = new Map<number, number>()
    for (let row = 0; row < table.length; row++) {
      const ns = at(exclusiveNs, row)
      if (!(ns >= 0)) return false
      sums.set(topOf(row), (sums.get(topOf(row)) ?? 0) + ns)
    }
    const roots = rootsOf(table)
    const apart = [...sums].filter(([top]) => top < 0)
    return (
      apart.every(([, ns]) => ns === 0) &&
      roots.every((root) => sums.get(root) === at(table.durationNs, root))
    )
  })
  holds(t, addsUp, 3000)
})

t.test('the sections of a root follow each other from its end to its start without a gap', async (t) => {
  const connected = fc.property(anyTrace, (spans) => {
    const table = tableOf(spans)
    const path = measure(table)
    return rootsOf(table).every((root) => {
      let cursorNs = at(table.durationNs, root)
      const own = new Map<number, number>()
      for (const { row, fromNs, toNs } of sectionsOf(path, shared.tree, root)) {
        if (toNs !== cursorNs || fromNs >= toNs) return false
        own.set(row, (own.get(row) ?? 0) + toNs - fromNs)
        cursorNs = fromNs
      }
      return cursorNs === 0 && [...own].every(([row, ns]) => ns === at(path.exclusiveNs, row))
    })
  })
  holds(t, connected, 1000)
})

t.test('the order of the spans changes nothing', async (t) => {
  const byIdentity = (spans: TestSpan[]) => {
    const table = tableOf(spans)
    const { exclusiveNs } = measure(table)
    return Array.from({ length: table.length }, (_, row) => row)
      .filter((row) => at(shared.tree.parent, row) !== ParentState.duplicate)
      .map((row) => `${at(table.spanIdLo, row)}/${at(table.kind, row)}: ${at(exclusiveNs, row)}`)
      .sort()
      .join()
  }
  const inTwoOrders = anyTrace.chain((one) =>
    fc.tuple(fc.constant(one), fc.shuffledSubarray(one, { minLength: one.length })),
  )
  const same = fc.property(inTwoOrders, ([one, other]) => byIdentity(one) === byIdentity(other))
  holds(t, same, 1000)
})

t.test('a sweep over all starts and ends gives the same path', async (t) => {
  const sameAsSweep = (spans: TestSpan[]) => {
    const table = tableOf(spans)
    const { exclusiveNs } = measure(table)
    return sweepExclusiveNs(table, shared.tree).every((ns, row) => {
      const top = topOf(row)
      const isCoarse = top >= 0 && at(table.durationNs, top) > 2 ** 52
      return isCoarse || ns === BigInt(at(exclusiveNs, row))
    })
  }
  holds(t, fc.property(arbitraryTightTrace, sameAsSweep), 2000)
  holds(t, fc.property(arbitraryTrace, sameAsSweep), 2000)
})
