import t from 'tap'
import { StringTable } from '../../src/graph/columns/string-table.ts'
import { PeerColumns } from '../../src/graph/spans/peer-columns.ts'
import { SpanTable } from '../../src/graph/spans/span-table.ts'
import { spanTable, type TestSpan } from '../support/graph/test-spans.ts'

const span: TestSpan = {
  id: 2 ** 40 + 5,
  parent: 2 ** 50 + 3,
  service: 'a',
  name: 'op',
  kind: 'consumer',
  status: 'error',
  startMs: 1_700_000_000_000.25,
  durationMs: 12.5,
  tag: 'x',
}

/** A row as plain values. */
const rowOf = (table: SpanTable, row: number) => ({
  id: [table.spanIdHi[row], table.spanIdLo[row]],
  parent: [table.parentIdHi[row], table.parentIdLo[row]],
  start: [table.startHi[row], table.startLo[row]],
  durationNs: table.durationNs[row],
  kind: table.kind[row],
  status: table.status[row],
  skewed: table.skewed[row],
  texts: [table.service, table.name, table.tagValue].map((column) => table.strings.text(column[row] ?? -1)),
})

t.test('a new row is zero in every field, also where another trace has left something', async (t) => {
  const strings = new StringTable()
  const table = spanTable(strings, 1, [{ ...span, skewed: true }])
  table.clear()
  t.equal(table.length, 0)
  t.same([...table.traceId], [0, 0, 0, 0])
  t.same(rowOf(table, table.addRow()), {
    id: [0, 0],
    parent: [0, 0],
    start: [0, 0],
    durationNs: 0,
    kind: 0,
    status: 0,
    skewed: 0,
    texts: ['', '', ''],
  })
})

t.test('a new row names no peer, also where another trace has left one', async (t) => {
  const peer = {
    'db.system.name': 'postgresql',
    'server.address': 'localhost',
    'messaging.operation.type': 'receive',
    'messaging.batch.message_count': '3',
  }
  const strings = new StringTable()
  const left: TestSpan = { ...span, kind: 'client', peer, link: [1, 1] }
  const table = spanTable(strings, 1, [left, { ...left, kind: 'server', instance: '10.0.0.1' }])
  table.clear()
  for (const row of [table.addRow(), table.addRow()]) {
    const { peers = new PeerColumns() } = table
    const { name, role, attribute, rank, local, action, messages, instance } = peers
    t.same(
      [name, role, attribute, rank, local, action, messages, instance].map((column) => column[row]),
      [0, 0, 0, 0, 0, 0, -1, 0],
    )
    t.notOk(peers.hasLink(row))
  }
})

t.test('rows survive growth, and a copied row is the row', async (t) => {
  const table = spanTable(
    new StringTable(),
    1,
    Array.from({ length: 1000 }, (_, row) => ({ ...span, id: row + 1, skewed: row % 2 === 0 })),
  )
  const copy = new SpanTable(table.strings)
  for (let row = 0; row < table.length; row++) copy.copyRow(table, row)
  t.equal(copy.length, 1000)
  for (const row of [0, 63, 64, 999]) {
    t.equal(table.spanIdLo[row], row + 1)
    t.same(rowOf(copy, row), rowOf(table, row))
  }
})

t.test('a table can copy its own rows while it grows', async (t) => {
  const table = spanTable(new StringTable(), 1, [span])
  for (let times = 0; times < 200; times++) table.copyRow(table, 0)
  t.same(rowOf(table, 200), rowOf(table, 0))
})

t.test('start and extent are in ms', async (t) => {
  const table = spanTable(new StringTable(), 1, [
    span,
    { ...span, startMs: 1_700_000_000_001, durationMs: 2 },
  ])
  t.equal(table.startMs(0), 1_700_000_000_000.25)
  t.same(table.extentMs(), { startMs: 1_700_000_000_000.25, endMs: 1_700_000_000_012.75 })
})

t.test('the extent of nothing is empty', async (t) => {
  const { startMs, endMs } = new SpanTable(new StringTable()).extentMs()
  t.same([startMs, endMs], [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
})

t.test('a snapshot stays what it was, holds no more than its rows, and can grow', async (t) => {
  const table = spanTable(new StringTable(), 7, [span, { ...span, id: 2 }])
  const copy = table.snapshot()
  const expected = rowOf(table, 1)
  table.clear()
  table.addRow()
  table.addRow()
  t.same([...copy.traceId], [0, 0, 0, 7])
  t.equal(copy.length, 2)
  t.equal(copy.kind.length, 2)
  t.same(rowOf(copy, 1), expected)
  t.equal(copy.addRow(), 2)
  t.same(rowOf(copy, 1), expected)
  const empty = new SpanTable(table.strings).snapshot()
  t.same([empty.length, empty.addRow(), empty.addRow(), empty.length], [0, 0, 1, 2])
})

t.test('a start on a whole millisecond is that millisecond, so that windows have sharp edges', async (t) => {
  const table = new SpanTable(new StringTable())
  const row = table.addRow()
  for (let ms = 1_795_334_808_000; ms < 1_795_334_810_000; ms++) {
    const ns = BigInt(ms) * 1_000_000n
    table.startHi[row] = Number(ns >> 32n)
    table.startLo[row] = Number(ns & 0xffffffffn)
    if (table.startMs(row) !== ms) t.equal(table.startMs(row), ms)
  }
})
