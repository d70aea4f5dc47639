import t from 'tap'
import { StringTable } from '../../../src/graph/columns/string-table.ts'
import type { SpanTable } from '../../../src/graph/spans/span-table.ts'
import { TraceAssembly } from '../../../src/sources/tempo/assembly/trace-assembly.ts'
import { tableOf } from '../../support/tempo/read-window.ts'
import { fragmentOf } from '../../support/tempo/stored-trace.ts'

const epochSec = 1_700_000_000
const epochMs = epochSec * 1000
const slice = { startSec: epochSec, endSec: epochSec + 60, timeouts: 0 }
const root = { id: 1, atMs: 1000, ms: 20 }
const child = { id: 2, parent: 1, atMs: 1005, ms: 5 }
const sibling = { id: 3, parent: 1, atMs: 1010, ms: 5 }

/** An assembly of a window of one minute, with what it gave its consumer. */
function assemble(options: { filtered?: boolean; hasRead?: boolean; limit?: number } = {}) {
  const strings = new StringTable()
  const added: number[] = []
  const before: number[] = []
  const assembly = new TraceAssembly({
    consumer: {
      strings,
      add: (spans) => void added.push(spans.length),
      remove: (spans) => void added.push(-spans.length),
      onBeforeWindow: (spans) => void before.push(spans.length),
    },
    window: { fromMs: epochMs + 500, toMs: epochMs + 60_000 },
    limit: options.limit ?? 100,
    filtered: options.filtered ?? false,
    hasRead: () => options.hasRead ?? true,
  })
  const tableOfSpans = (spans: Parameters<typeof fragmentOf>[2], traceId = 1): SpanTable =>
    tableOf(strings, fragmentOf(traceId, epochMs, spans))
  return { assembly, added, before, tableOfSpans }
}

const metadataOf = (spans: SpanTable, minSpans = 0, cut = false) => ({
  cut,
  minSpans,
  matchedSpans: spans.length,
})

t.test('repeated spans do not make up for missing ones', async (t) => {
  const { assembly, added, tableOfSpans } = assemble()
  const repeated = tableOfSpans([root, child, child])
  assembly.accept(repeated, metadataOf(repeated, 3), slice)
  t.same(added, [], 'the trace has three spans, and two of them came')
  t.equal(assembly.countPending('incomplete'), 1)

  const whole = tableOfSpans([root, child, sibling], 2)
  assembly.accept(whole, metadataOf(whole, 3), slice)
  t.same(added, [3])
})

t.test('a spanset that Tempo cut keeps its trace back', async (t) => {
  const { assembly, added, tableOfSpans } = assemble()
  const spans = tableOfSpans([root, child])
  assembly.accept(spans, metadataOf(spans, 0, true), slice)
  t.same(added, [])
  t.equal(assembly.countPending('incomplete'), 1)
})

t.test('spans that one slice reports as missing stay missing after another slice', async (t) => {
  for (const [cut, minSpans] of [
    [true, 0],
    [false, 4],
  ] as const) {
    const { assembly, added, tableOfSpans } = assemble()
    const first = tableOfSpans([root, child])
    assembly.accept(first, metadataOf(first, minSpans, cut), slice)
    const second = tableOfSpans([root, sibling])
    assembly.accept(second, metadataOf(second), {
      startSec: epochSec + 60,
      endSec: epochSec + 120,
      timeouts: 0,
    })
    assembly.reviewUnread()
    t.same(added, [])
    const [held] = assembly.pending('incomplete')
    t.match(held, { cut, minSpans })
    t.equal(held?.spans.length, 3, 'the spans of both')
  }
})

t.test('a trace that reaches out of its slice waits until that time has been read', async (t) => {
  const options = { hasRead: false }
  const { assembly, added, tableOfSpans } = assemble(options)
  const spans = tableOfSpans([root, { ...child, atMs: 59_990, ms: 100 }])
  assembly.accept(spans, metadataOf(spans), slice)
  assembly.reviewUnread()
  t.same(added, [])
  options.hasRead = true
  assembly.reviewUnread()
  t.same(added, [2])
})

t.test('a trace that was published and comes again with other spans is a conflict', async (t) => {
  const { assembly, added, tableOfSpans } = assemble()
  const part = tableOfSpans([root])
  assembly.accept(part, metadataOf(part), slice)
  const same = tableOfSpans([root])
  assembly.accept(same, metadataOf(same), slice)
  t.equal(assembly.countPending('conflict'), 0)
  const more = tableOfSpans([{ id: 7, atMs: 30_000 }])
  assembly.accept(more, metadataOf(more), slice)
  const [trace] = assembly.pending('conflict')
  const extended = tableOfSpans([{ id: 8, atMs: 31_000 }])
  assembly.accept(extended, metadataOf(extended), slice)
  assembly.reviewUnread()
  t.equal(assembly.countPending('conflict'), 1, 'also when still more of it comes')
  t.ok(trace && assembly.resolveConflict(trace, tableOfSpans([root, { id: 7, atMs: 30_000 }])))
  t.same(added, [1, -1, 2])
})

t.test('a trace that seemed to start after the window, and starts in it, is incomplete', async (t) => {
  const { assembly, added, tableOfSpans } = assemble()
  const late = tableOfSpans([{ id: 2, atMs: 70_000 }])
  assembly.accept(late, metadataOf(late), { startSec: epochSec + 60, endSec: epochSec + 120, timeouts: 0 })
  t.equal(assembly.outsideWindow, 1)
  const early = tableOfSpans([root])
  assembly.accept(early, metadataOf(early), slice)
  t.same(added, [])
  t.equal(assembly.outsideWindow, 0)
  t.equal(assembly.countPending('incomplete'), 1)
})

t.test('the consumer is called for a trace that starts before the window', async (t) => {
  const { assembly, added, before, tableOfSpans } = assemble()
  const early = tableOfSpans([{ id: 1, atMs: 100 }])
  assembly.accept(early, metadataOf(early), { startSec: epochSec - 60, endSec: epochSec + 60, timeouts: 0 })
  const late = tableOfSpans([{ id: 1, atMs: 70_000 }], 2)
  assembly.accept(late, metadataOf(late), { startSec: epochSec + 60, endSec: epochSec + 120, timeouts: 0 })
  t.same(added, [])
  t.same(before, [1])
})

t.test('a trace that starts before the window stays out when more of it comes', async (t) => {
  const { assembly, added, before, tableOfSpans } = assemble()
  const early = tableOfSpans([{ id: 1, atMs: 100 }])
  assembly.accept(early, metadataOf(early), slice)
  const later = tableOfSpans([{ id: 2, parent: 1, atMs: 5000 }])
  assembly.accept(later, metadataOf(later), slice)
  t.same(added, [])
  t.same(before, [1, 1], 'the consumer is called for each part')
  t.equal(assembly.outsideWindow, 1)
})

t.test('a trace beyond the limit that starts with the window does not start before it', async (t) => {
  const { assembly, before, tableOfSpans } = assemble({ limit: 0 })
  const first = tableOfSpans([{ id: 1, atMs: 500 }])
  assembly.accept(first, metadataOf(first), slice)
  t.same(before, [])
  t.equal(assembly.overLimit, 1)
})

t.test('recognizes every trace that comes again, beyond the first size of its columns', async (t) => {
  const { assembly, added, tableOfSpans } = assemble({ limit: 1e6 })
  const traces = Array.from({ length: 1100 }, (_, at) => tableOfSpans([root], at + 1))
  for (const spans of [...traces, ...traces]) assembly.accept(spans, metadataOf(spans), slice)
  t.equal(added.length, 1100)
  t.equal(assembly.countPending('conflict'), 0)
})
