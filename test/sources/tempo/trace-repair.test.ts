import t from 'tap'
import { StringTable } from '../../../src/graph/columns/string-table.ts'
import type { SpanTable } from '../../../src/graph/spans/span-table.ts'
import { TraceAssembly } from '../../../src/sources/tempo/assembly/trace-assembly.ts'
import type { TraceLookup } from '../../../src/sources/tempo/assembly/trace-lookup.ts'
import { TraceRepair } from '../../../src/sources/tempo/assembly/trace-repair.ts'
import type { SearchContext } from '../../../src/sources/tempo/search/search.ts'
import { readWindow, tableOf } from '../../support/tempo/read-window.ts'
import { fragmentOf } from '../../support/tempo/stored-trace.ts'
import { type AskedKind, type StandInOptions, startTempo } from '../../support/tempo/tempo-stand-in.ts'

const epochMs = 1_700_000_000_000
const window = { fromMs: epochMs, toMs: epochMs + 60_000 }
const red = { attributes: { color: 'red' } }
/** Only its first span matches the filter, so the trace has to be looked up. */
const rich = fragmentOf(1, epochMs, [
  { id: 1, service: 'front', atMs: 1000, ms: 20, ...red },
  { id: 2, parent: 1, service: 'back', atMs: 1005, ms: 10 },
  { id: 3, parent: 2, service: 'store', atMs: 1006, ms: 5 },
])
const poor = rich.slice(0, 1)
const selectRed = { tag: 'span.color', filter: 'red' }
/** A single service with equal durations: no search can spread its spans, so trace by id is needed. */
const crowded = fragmentOf(2, epochMs, [
  { id: 1, atMs: 2000, ms: 500 },
  ...Array.from({ length: 149 }, (_, i) => ({ id: i + 2, parent: 1, atMs: 2001 + i, ms: 3 })),
])

/** Starts a Tempo that answers requests of some kinds out of other fragments. */
async function startWith(
  t: { teardown(end: () => unknown): unknown },
  fragments: StandInOptions['fragments'],
  others: Partial<Record<AskedKind, StandInOptions['fragments']>>,
  options: Partial<StandInOptions> = {},
) {
  const tempo = await startTempo({
    fragments,
    metrics: false,
    fault: ({ kind }, answer) => {
      const other = others[kind]
      if (other === undefined) return undefined
      tempo.options.fragments = other
      const given = answer()
      tempo.options.fragments = fragments
      return given
    },
    ...options,
  })
  t.teardown(() => tempo.close())
  return tempo
}

t.test('a search by id that finds fewer spans does not replace what is known', async (t) => {
  const tempo = await startWith(t, [rich], { ids: [poor], lookup: [poor] })
  const { report } = await readWindow({ url: tempo.url, window, ...selectRed })
  t.same([tempo.count('ids'), tempo.count('lookup')], [1, 1])
  t.match(report, { traces: 1, spans: 3, repaired: 0 })
})

t.test('a trace by id with fewer spans does not replace what is known', async (t) => {
  const tempo = await startWith(t, [crowded], { lookup: [crowded.slice(0, 20)] })
  const { report } = await readWindow({ url: tempo.url, window })
  t.equal(tempo.count('lookup'), 1)
  t.match(report, { traces: 1, spans: 101 })
})

t.test('a partial trace by id with fewer spans does not replace what is known', async (t) => {
  const tempo = await startWith(t, [crowded.slice(0, 1), crowded.slice(1)], {}, { partial: true })
  const { report } = await readWindow({ url: tempo.url, window })
  t.equal(tempo.count('lookup'), 1)
  t.match(report, { traces: 1, spans: 101, repaired: 0, incomplete: 1 })
})

t.test('does not trust the count of spans of a Tempo that counts too few for one trace', async (t) => {
  const traces = Array.from({ length: 310 }, (_, i) =>
    fragmentOf(i + 1, epochMs, [
      { id: 1, service: 'front', atMs: 1000 + i * 100, ms: 20, ...red },
      { id: 2, parent: 1, service: 'back', atMs: 1001 + i * 100, ms: 10, ...red },
    ]),
  )
  const [first = [], ...others] = traces
  const tempo = await startWith(t, traces, { count: [first.slice(0, 1), ...others] })
  const { report } = await readWindow({ url: tempo.url, window, ...selectRed, concurrency: 1 })
  t.equal(tempo.count('count'), 1)
  t.equal(report.suspects, 310, 'every trace is looked up')
  t.match(report, { traces: 310, spans: 620, incomplete: 0 })
})

t.test('looks up orphaned traces as long as that finds more spans', async (t) => {
  const orphans = Array.from({ length: 120 }, (_, i) =>
    fragmentOf(i + 1, epochMs, [{ id: 2, parent: 1, atMs: 1000 + i * 10 }]),
  )
  const roots = orphans.map((_, i) => fragmentOf(i + 1, epochMs, [{ id: 1, atMs: 3_600_000, ms: 5 }]))
  const tempo = await startWith(t, [...orphans, ...roots], {})
  const { report } = await readWindow({ url: tempo.url, window })
  t.equal(tempo.count('lookup'), 120)
  t.match(report, { traces: 120, spans: 240, repaired: 120, warnings: [] })
})

t.test('an orphan waits for the rest of the read, also while other traces are repaired', async (t) => {
  const twins = Array.from({ length: 100 }, (_, i) =>
    fragmentOf(i + 1, epochMs, [
      { id: 1, atMs: 13_100, ms: 20 },
      { id: 2, parent: 1, atMs: 13_101, ms: 10 },
    ]),
  )
  const child = fragmentOf(500, epochMs, [{ id: 2, parent: 1, atMs: 14_500, ms: 5 }])
  const root = fragmentOf(500, epochMs, [{ id: 1, atMs: 500, ms: 5 }])
  const tempo = await startWith(t, [...twins, child, root], {}, { maxSpansPerSpanSet: 1 })
  const short = { fromMs: epochMs, toMs: epochMs + 16_000 }
  const { report } = await readWindow({ url: tempo.url, window: short, padSec: 0, concurrency: 1 })
  t.match(report, { traces: 101, spans: 202, suspects: 100, incomplete: 0 })
  const ofOrphan = tempo.asked.filter(({ path }) => path.endsWith(child[0]?.traceId ?? ''))
  t.same(ofOrphan, [])
})

t.test('asks trace by id for all spans, not for summaries of similar ones', async (t) => {
  const tempo = await startWith(t, [crowded], {})
  await readWindow({ url: tempo.url, window })
  const lookup = tempo.asked.find(({ kind }) => kind === 'lookup')
  t.equal(lookup?.params.get('span_pruning'), 'false')
})

/** A published part of a trace, and another part that conflicts with it. */
function conflictOf(t: { equal(a: unknown, b: unknown): unknown }) {
  const strings = new StringTable()
  const added: number[] = []
  const incomplete: number[] = []
  const consumer = {
    strings,
    add: (spans: SpanTable) => void added.push(spans.length),
    remove: (spans: SpanTable) => void added.push(-spans.length),
    onIncomplete: (spans: SpanTable) => void incomplete.push(spans.length),
  }
  const assembly = new TraceAssembly({ consumer, window, limit: 10, filtered: false, hasRead: () => true })
  const slice = { startSec: epochMs / 1000, endSec: epochMs / 1000 + 60, timeouts: 0 }
  for (const part of [rich.slice(0, 1), fragmentOf(1, epochMs, [{ id: 9, service: 'late', atMs: 50_000 }])]) {
    assembly.accept(tableOf(strings, part), { cut: false, minSpans: 0, matchedSpans: 1 }, slice)
  }
  t.equal(assembly.countPending('conflict'), 1)
  return { strings, added, incomplete, consumer, assembly }
}

const whole = [...rich, ...fragmentOf(1, epochMs, [{ id: 9, service: 'late', atMs: 50_000 }])]

for (const { name, cut, result, expected } of [
  { name: 'a whole search', cut: false, result: 'missing', expected: [1, -1, 4] },
  { name: 'a whole trace by id after a cut search', cut: true, result: 'whole', expected: [1, -1, 4] },
  { name: 'a partial trace by id after a cut search', cut: true, result: 'partial', expected: [1] },
] as const) {
  t.test(`a conflict with a published part, looked up by ${name}`, async (t) => {
    const { strings, added, incomplete, consumer, assembly } = conflictOf(t)
    const lookup = {
      byIds: async (_ids: string[], _time: object, onTrace: (spans: SpanTable, found: object) => void) =>
        onTrace(tableOf(strings, whole), { cut, minSpans: 0, matchedSpans: 4 }),
      byId: async (_id: string, spans: SpanTable) => {
        const all = tableOf(strings, whole)
        spans.traceId.set(all.traceId)
        for (let row = 0; row < all.length; row++) spans.copyRow(all, row)
        return result
      },
    } as unknown as TraceLookup
    const context = {} as SearchContext
    const options = { context, assembly, consumer, lookup, startSec: 0, endSec: 1, maxLookups: 5 }
    const repair = new TraceRepair({ ...options, isStopped: () => false }, strings)
    await repair.run(true)
    t.same(added, expected)
    const isIncomplete = result === 'partial'
    t.same([repair.repaired, repair.incomplete], isIncomplete ? [0, 1] : [1, 0])
    t.equal(incomplete.length, isIncomplete ? 1 : 0, 'the consumer is called for an incomplete trace')
  })
}
