import Database from 'libsql'
import t from 'tap'
import { StringTable } from '../../src/graph/columns/string-table.ts'
import type { Graph } from '../../src/graph/graph.ts'
import { GraphBuilder } from '../../src/graph/graph-builder.ts'
import { SpanKind } from '../../src/graph/spans/span-table.ts'
import { spanTable, type TestSpan } from '../support/graph/test-spans.ts'

const traceCount = 20_000
const slowThresholdMs = 40
const kinds = Object.keys(SpanKind) as (keyof typeof SpanKind)[]
const services = ['web', 'cart', 'pay', 'stock', 'mail', 'auth', 'ship']
const names = ['get', 'put', 'list', 'SELECT', '']

/** mulberry32: the same numbers in every run. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const isSender = ({ kind }: TestSpan) => kind === 'client' || kind === 'producer'

/** Trees with second roots, missing parents and spans that came twice; every span has a service. */
function newTrace(random: (below: number) => number): TestSpan[] {
  const spans: TestSpan[] = []
  const size = 1 + random(10)
  for (let at = 0; at < size; at++) {
    const above = spans[random(Math.max(1, at))]?.id
    const fate = random(40)
    const parent = fate === 0 ? undefined : fate === 1 ? 2_000_000_000 + at : above
    const service = services[random(services.length)]
    const kind = kinds[random(kinds.length)]
    const caller = spans.find(({ id }) => id === parent)
    // A message that a service received is one, however many of its spans process it.
    const isProcessed =
      kind === 'consumer' && caller !== undefined && caller.service === service && !isSender(caller)
    spans.push({
      id: 1 + at * 1_000_003 + random(1_000_000),
      parent,
      service,
      name: names[random(names.length)] ?? '',
      kind: isProcessed ? 'internal' : kind,
      status: random(10) === 0 ? 'error' : 'unset',
      startMs: 1_700_000_000_000 + random(1000),
      durationNs: random(80_000_000),
    })
  }
  return random(10) === 0 ? [...spans, ...spans.slice(0, 1 + random(size))] : spans
}

function newTraces(): TestSpan[][] {
  const random = randomNumbers(20_251_122)
  return Array.from({ length: traceCount }, () => newTrace(random))
}

/** All spans in a table of an SQL database, repetitions too. */
function load(traces: TestSpan[][]): Database.Database {
  const db = new Database(':memory:')
  db.exec(
    `create table sent (trace int, id int, parent int, service text, name text, kind int, error int, ns int, start int)`,
  )
  const insert = db.prepare(
    `insert into sent select ${[0, 1, 2, 3, 4, 5, 6, 7, 8]
      .map((column) => `value ->> ${column}`)
      .join()} from json_each(?)`,
  )
  for (let first = 0; first < traces.length; first += 1000) {
    const rows = traces
      .slice(first, first + 1000)
      .flatMap((trace, at) => trace.map((span) => row(first + at, span)))
    insert.run(JSON.stringify(rows))
  }
  db.exec(`create table span as select distinct * from sent`)
  db.exec(`create index by_id on span (trace, id); create index by_parent on span (trace, parent)`)
  return db
}

const row = (trace: number, span: TestSpan) => [
  trace,
  span.id,
  span.parent ?? null,
  span.service,
  span.name,
  SpanKind[span.kind ?? 'internal'],
  span.status === 'error' ? 1 : 0,
  span.durationNs,
  (span.startMs ?? 0) * 1e6,
]

const figures = `count(*), sum(child.error), sum(not child.error and child.ns > ${slowThresholdMs * 1e6}), sum(child.ns)`
const parentOfChild = `span child join span parent on parent.trace = child.trace and parent.id = child.parent`

/** Returns the answer of a query, a line for each row, sorted. */
const asked = (db: Database.Database, sql: string) =>
  db
    .prepare(sql)
    .raw()
    .all()
    .map((row) => (row as unknown[]).join(' | '))
    .sort()

interface Figures {
  count: number
  failed: number
  slow: number
  meanNs: number
}
const inWords = ({ count, failed, slow, meanNs }: Figures) => [
  count,
  failed,
  slow,
  Math.round(meanNs * count),
]

function counted({ nodes, edges }: Graph, nameOf: (node: Graph['nodes'][number]) => string[]) {
  const name = (index: number) => nameOf(nodes[index] as Graph['nodes'][number])
  return {
    nodes: nodes.map((node) => [...nameOf(node), ...inWords(node)].join(' | ')).sort(),
    edges: edges
      .map((edge) => [...name(edge.source), ...name(edge.target), ...inWords(edge)].join(' | '))
      .sort(),
  }
}

const traces = newTraces()
const builder = new GraphBuilder({ strings: new StringTable(), slowThresholdMs, level: 'both' })
for (const [trace, spans] of traces.entries()) builder.add(spanTable(builder.strings, trace + 1, spans))
const operations = builder.finish()
const byService = builder.finishServices() as Graph
const db = load(traces)

t.test('a self-join in SQL counts the same nodes and edges as both graphs of 20,000 traces', async (t) => {
  const graph = counted(operations, ({ title, operation }) => [title, operation])
  t.equal(graph.nodes.length, services.length * names.length)
  t.ok(graph.edges.length > 1000, `${graph.edges.length} edges`)
  t.same(graph.nodes, asked(db, `select service, name, ${figures} from span child group by 1, 2`))
  t.same(
    graph.edges,
    asked(
      db,
      `select parent.service, parent.name, child.service, child.name, ${figures} from ${parentOfChild}
       where (parent.service, parent.name) <> (child.service, child.name) group by 1, 2, 3, 4`,
    ),
  )

  const serviceGraph = counted(byService, ({ title }) => [title])
  const { server, consumer, client, producer } = SpanKind
  // Of two servers of one service below one client, one within the time of the other, the longer one counts.
  const isDoubled = `child.kind = ${server} and parent.kind in (${client}, ${producer}) and exists (
    select 1 from span other where other.trace = child.trace and other.parent = child.parent and other.id <> child.id
    and other.kind = ${server} and other.service = child.service
    and other.start <= child.start and other.start + other.ns > child.start + child.ns)`
  const calls = `select parent.service, child.service, count(*), sum(child.ns) from ${parentOfChild}
                 where parent.service <> child.service and not (${isDoubled}) group by 1, 2`
  const countAndSum = (line: string) => line.replace(/ \| \d+ \| \d+ \| (\d+)$/, ' | $1')
  t.same(serviceGraph.edges.map(countAndSum), asked(db, calls))
  t.equal(serviceGraph.edges.length, services.length * (services.length - 1))
  // A request reaches a service without a caller above, from another service, or as a server or consumer span.
  const entered = `select child.service, count(*), sum(child.ns) from span child
    left join span parent on parent.trace = child.trace and parent.id = child.parent
    where parent.id is null or (parent.service <> child.service and not (${isDoubled}))
       or (child.kind = ${server} and parent.service = child.service and parent.kind <> ${server} and not (${isDoubled}))
       or (child.kind = ${consumer} and parent.kind in (${client}, ${producer})) group by 1`
  t.same(serviceGraph.nodes.map(countAndSum), asked(db, entered))
})

t.test('SQL finds the same roots, orphans, self calls and repetitions', async (t) => {
  const { spans } = operations
  const one = (sql: string) => Number(asked(db, sql)[0])

  t.equal(spans.traces, traceCount)
  t.equal(spans.received, one(`select count(*) from sent`))
  t.equal(spans.duplicates, one(`select (select count(*) from sent) - (select count(*) from span)`))
  t.equal(spans.counted, one(`select count(*) from span`))
  t.equal(spans.roots, one(`select count(*) from span where parent is null`))
  const unknown = `not exists (select 1 from span parent where parent.trace = child.trace and parent.id = child.parent)`
  t.equal(spans.orphans, one(`select count(*) from span child where parent is not null and ${unknown}`))
  const same = `(parent.service, parent.name) = (child.service, child.name)`
  t.equal(spans.selfCalls, one(`select count(*) from ${parentOfChild} where ${same}`))
  t.equal(spans.edgeCalls, one(`select count(*) from ${parentOfChild} where not ${same}`))
  t.ok(spans.orphans > 1000 && spans.duplicates > 1000 && spans.selfCalls > 1000 && spans.roots > traceCount)
})
