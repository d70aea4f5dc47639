import t from 'tap'
import { StringTable } from '../../../src/graph/columns/string-table.ts'
import type { SpanTable } from '../../../src/graph/spans/span-table.ts'
import { TraceAssembly } from '../../../src/sources/tempo/assembly/trace-assembly.ts'
import { tableOf } from '../../support/tempo/read-window.ts'
import { fragmentOf } from '../../support/tempo/stored-trace.ts'

const slice = { startSec: 0, endSec: 60, timeouts: 0 }
const root = { id: 1, atMs: 1000, ms: 20 }
const child = { id: 2, parent: 1, atMs: 1005, ms: 5 }
const sibling = { id: 3, parent: 1, atMs: 1010, ms: 5 }

/** An assembly of a window of one minute, with what it gave its consumer. */
function assemble(options: { filtered?: boolean; hasRead?: boolean; limit?: number } = {}) {
  const strings = new StringTable()
  const added: number[] = []
  const assembly = new TraceAssembly({
    consumer: {
      strings,
      add: (spans) => void added.push(spans.length),
      remove: (spans) => void added.push(-spans.length),
    },
    window: { fromMs: 0, toMs: 60_000 },
    limit: options.limit ?? 100,
    filtered: options.filtered ?? false,
    hasRead: () => options.hasRead ?? true,
  })
  const tableOfSpans = (spans: Parameters<typeof fragmentOf>[2], traceId = 1): SpanTable =>
    tableOf(strings, fragmentOf(traceId, 0, spans))
  return { assembly, added, tableOfSpans }
}

const found = (spans: SpanTable, atLeastSpans = 0, cut = false) => ({
  cut,
  atLeastSpans,
  matchedSpans: spans.length,
})

t.test('repeated spans do not make up for missing ones', async (t) => {
  const { assembly, added, tableOfSpans } = assemble()
  const repeated = tableOfSpans([root, child, child])
  assembly.accept(repeated, found(repeated, 3), slice)
  t.same(added, [], 'the trace has three spans, and two of them came')
  t.equal(assembly.countInDoubt('lacking'), 1)

  const whole = tableOfSpans([root, child, sibling], 2)
  assembly.accept(whole, found(whole, 3), slice)
  t.same(added, [3])
})

t.test('a spanset that Tempo cut keeps its trace back', async (t) => {
  const { assembly, added, tableOfSpans } = assemble()
  const spans = tableOfSpans([root, child])
  assembly.accept(spans, found(spans, 0, true), slice)
  t.same(added, [])
  t.equal(assembly.countInDoubt('lacking'), 1)
})

t.test('what one slice says of missing spans holds when another slice shows more', async (t) => {
  for (const [cut, atLeastSpans] of [
    [true, 0],
    [false, 4],
  ] as const) {
    const { assembly, added, tableOfSpans } = assemble()
    const first = tableOfSpans([root, child])
    assembly.accept(first, found(first, atLeastSpans, cut), slice)
    const second = tableOfSpans([root, sibling])
    assembly.accept(second, found(second), { startSec: 60, endSec: 120, timeouts: 0 })
    assembly.settle()
    t.same(added, [])
    const [held] = assembly.inDoubt('lacking')
    t.match(held, { cut, atLeastSpans })
    t.equal(held?.spans.length, 3, 'the spans of both')
  }
})

t.test('a trace that reaches out of its slice waits until that time has been read', async (t) => {
  const options = { hasRead: false }
  const { assembly, added, tableOfSpans } = assemble(options)
  const spans = tableOfSpans([root, { ...child, atMs: 59_990, ms: 100 }])
  assembly.accept(spans, found(spans), slice)
  assembly.settle()
  t.same(added, [])
  options.hasRead = true
  assembly.settle()
  t.same(added, [2])
})

t.test('a trace that was published and comes again with other spans is a conflict', async (t) => {
  const { assembly, added, tableOfSpans } = assemble()
  const part = tableOfSpans([root])
  assembly.accept(part, found(part), slice)
  const same = tableOfSpans([root])
  assembly.accept(same, found(same), slice)
  t.equal(assembly.countInDoubt('conflict'), 0)
  const more = tableOfSpans([{ id: 7, atMs: 30_000 }])
  assembly.accept(more, found(more), slice)
  const [trace] = assembly.inDoubt('conflict')
  const extended = tableOfSpans([{ id: 8, atMs: 31_000 }])
  assembly.accept(extended, found(extended), slice)
  assembly.settle()
  t.equal(assembly.countInDoubt('conflict'), 1, 'also when still more of it comes')
  t.ok(trace && assembly.resolveConflict(trace, tableOfSpans([root, { id: 7, atMs: 30_000 }])))
  t.same(added, [1, -1, 2])
})
