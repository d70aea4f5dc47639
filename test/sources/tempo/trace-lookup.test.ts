import t from 'tap'
import { StringTable } from '../../../src/graph/columns/string-table.ts'
import { SpanTable } from '../../../src/graph/spans/span-table.ts'
import { TraceLookup } from '../../../src/sources/tempo/assembly/trace-lookup.ts'
import { searchTraces } from '../../../src/sources/tempo/search/search.ts'
import { startRead } from '../../support/tempo/search-context.ts'
import { fragmentOf } from '../../support/tempo/stored-trace.ts'
import { type AskedKind, text } from '../../support/tempo/tempo-stand-in.ts'

const epochSec = 1_700_000_000
const id = '1'.padStart(32, '0')

t.test('a trace that Tempo does not know is missing, before and since version 2.4', async (t) => {
  for (const [v2, v1, asked] of [
    ['', '', ['lookup', 'lookup']],
    ['404 page not found', 'trace not found', ['lookup', 'lookupV1', 'lookupV1']],
  ] as const) {
    const answers: Partial<Record<AskedKind, string>> = { lookup: v2, lookupV1: v1 }
    const { tempo, context } = await startRead(t, { fault: ({ kind }) => text(404, answers[kind] ?? '') })
    const strings = new StringTable()
    const lookup = new TraceLookup(context, strings)
    for (const _ of [1, 2]) t.equal(await lookup.byId(id, new SpanTable(strings)), 'missing')
    t.same(
      tempo.asked.map(({ kind }) => kind),
      asked,
    )
  }
})

t.test('names the type of an answer that is no trace', async (t) => {
  const page = { status: 200, type: 'text/html; charset=utf-8', body: '<html>' }
  const { context } = await startRead(t, { fault: () => page })
  const strings = new StringTable()
  await t.rejects(new TraceLookup(context, strings).byId(id, new SpanTable(strings)), {
    message: /answered text\/html instead of protobuf/,
  })
})

t.test('searches in parts if Tempo refuses the range of the first search by id', async (t) => {
  const fragments = [
    fragmentOf(1, epochSec * 1000, [{ id: 1, atMs: 1000 }]),
    fragmentOf(1, epochSec * 1000, [{ id: 2, parent: 1, atMs: 500_000, ms: 7 }]),
  ]
  const { context } = await startRead(t, { fragments, maxDuration: { sec: 90, text: '1m30s' } })
  const found: number[] = []
  const time = { startSec: epochSec, endSec: epochSec + 600 }
  await new TraceLookup(context, new StringTable()).byIds([id], time, (spans) => found.push(spans.length))
  t.same(found, [2])
})

t.test('counts the spans in all parts of an answer that is decoded in parts', async (t) => {
  const spans = Array.from({ length: 100 }, (_, at) => ({ id: at + 1, atMs: at }))
  const fragments = Array.from({ length: 20 }, (_, at) => fragmentOf(at + 1, epochSec * 1000, spans))
  const { context } = await startRead(t, { fragments })
  const search = { q: '{ }', startSec: epochSec, endSec: epochSec + 10, limit: 100 }
  t.match(await searchTraces(context, search, new SpanTable(new StringTable()), () => {}), {
    traces: 20,
    spans: 2000,
  })
})
