import Database from 'libsql'
import t from 'tap'
import { StringTable } from '../../src/graph/columns/string-table.ts'
import type { Graph } from '../../src/graph/graph.ts'
import { GraphBuilder } from '../../src/graph/graph-builder.ts'
import { joinParts } from '../../src/graph/spans/node-name.ts'
import { spanTable, type TestSpan } from '../support/graph/test-spans.ts'

/** Services with their namespaces: two names occur in two namespaces. */
const services = [
  ['web', 'shop'],
  ['cart', 'shop'],
  ['cart', 'pay'],
  ['api', 'pay'],
  ['api', ''],
] as const

interface Row {
  trace: number
  id: number
  parent: number | null
  service: number
  kind: 'server' | 'client' | 'producer' | 'consumer'
  host: string | null
  peer: string | null
  topic: string | null
  /** Trace and span that sent the message. */
  sender: [trace: number, id: number] | null
}

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

/**
 * 20,000 requests. Each makes calls through up to three nested client spans. Any of these may name the peer, and some calls
 * are answered. Half of the requests send a message to up to three receivers, which have traces of their own.
 */
function newRows(): Row[] {
  const random = randomNumbers(20_261_201)
  const rows: Row[] = []
  let traces = 0
  for (let request = 0; request < 20_000; request++) {
    const trace = ++traces
    const service = random(services.length)
    const root: Row = { ...nameless, trace, id: 1, parent: null, service, kind: 'server' }
    rows.push(root)
    let id = 1
    for (let chain = random(3); chain > 0; chain--) id = addChain(rows, root, id, random)
    if (random(2) > 0) continue
    const topic = `topic-${random(3)}`
    rows.push({ ...root, id: ++id, parent: 1, kind: 'producer', topic })
    for (let receivers = random(4); receivers > 0; receivers--) {
      const named = random(2) === 0 ? topic : null
      const received = { ...root, trace: ++traces, service: random(services.length), topic: named }
      rows.push({ ...received, kind: 'consumer', sender: [trace, id] })
    }
  }
  return rows
}

const nameless = { host: null, peer: null, topic: null, sender: null }

/** Adds one to three nested client spans, and in a third of the cases a server span below. @returns the last id */
function addChain(rows: Row[], root: Row, lastId: number, random: (below: number) => number): number {
  let id = lastId
  let parent = root.id
  for (let depth = 1 + random(3); depth > 0; depth--) {
    const host = random(2) === 0 ? `host-${random(4)}` : null
    const peer = random(3) === 0 ? `peer-${random(3)}` : null
    rows.push({ ...root, id: ++id, parent, kind: 'client', host, peer })
    parent = id
  }
  if (random(3) > 0) return id
  const service = (root.service + 1 + random(services.length - 1)) % services.length
  rows.push({ ...root, id: ++id, parent, service, kind: 'server' })
  return id
}

function spanOf({ id, parent, service, kind, host, peer, topic, sender }: Row): TestSpan {
  const names = {
    ...(host !== null && { 'server.address': host }),
    ...(peer !== null && { 'peer.service': peer }),
    ...(topic !== null && { 'messaging.destination.name': topic }),
  }
  return {
    ...{
      id,
      parent: parent ?? undefined,
      kind,
      name: 'work',
      startMs: 1_700_000_000_000 + id,
      durationMs: 50 - id,
    },
    service: joinParts([...(services[service] ?? [])]),
    ...(Object.keys(names).length > 0 && { peer: names }),
    ...(sender && { link: sender }),
  }
}

function graphOf(rows: Row[]): Graph {
  const builder = new GraphBuilder({ strings: new StringTable(), slowThresholdMs: 40, level: 'service' })
  let first = 0
  for (let at = 1; at <= rows.length; at++) {
    const trace = rows[first]?.trace ?? 0
    if (rows[at]?.trace === trace) continue
    builder.add(spanTable(builder.strings, trace, rows.slice(first, at).map(spanOf)))
    first = at
  }
  return builder.finishServices() as Graph
}

function load(rows: Row[]): Database.Database {
  const db = new Database(':memory:')
  db.exec(`create table service (number int primary key, name text, space text);
    create table span (trace int, id int, parent int, service int, kind text, host text, peer text, topic text,
      sender_trace int, sender_id int, primary key (trace, id));
    create index by_parent on span (trace, parent)`)
  const insertService = db.prepare('insert into service values (?, ?, ?)')
  for (const [number, [name, space]] of services.entries()) insertService.run(number, name, space)
  const columns = Array.from({ length: 10 }, (_, at) => `value ->> ${at}`).join()
  const insert = db.prepare(`insert into span select ${columns} from json_each(?)`)
  for (let first = 0; first < rows.length; first += 5000) {
    const values = rows
      .slice(first, first + 5000)
      .map(({ trace, id, parent, service, kind, host, peer, topic, sender }) => [
        ...[trace, id, parent, service, kind, host, peer, topic, ...(sender ?? [null, null])],
      ])
    insert.run(JSON.stringify(values))
  }
  return db
}

const rows = newRows()
const graph = graphOf(rows)
const db = load(rows)
const asked = (sql: string) =>
  db
    .prepare(sql)
    .raw()
    .all()
    .map((line) => (line as unknown[]).join(' | '))
    .sort()

/** Edges whose callee, or caller, has the role: `caller | callee | calls`. */
function edges(from: Graph['nodes'][number]['role'], to: Graph['nodes'][number]['role']): string[] {
  const nameOf = ({ title, parts }: Graph['nodes'][number]) =>
    [title, ...(parts ?? [])].filter(Boolean).join('/')
  return graph.edges
    .flatMap(({ source, target, count }) => {
      const [caller, callee] = [graph.nodes[source], graph.nodes[target]]
      if (caller?.role !== from || callee?.role !== to) return []
      return [`${nameOf(caller)} | ${nameOf(callee)} | ${count}`]
    })
    .sort()
}

const named = (table: string) =>
  `(select name || case space when '' then '' else '/' || space end from service where number = ${table}.service)`
/** Selects columns of the innermost of nested client spans, and of those above. */
const innermost = (columns: string) => `select ${columns} from span exit
  left join span above on above.trace = exit.trace and above.id = exit.parent and above.kind = 'client'
  left join span highest on highest.trace = exit.trace and highest.id = above.parent and highest.kind = 'client'
  where exit.kind = 'client' and not exists (
    select 1 from span below where below.trace = exit.trace and below.parent = exit.id and below.kind = 'client')`
const isAnswered = `exists (
  select 1 from span answer where answer.trace = exit.trace and answer.parent = exit.id and answer.kind = 'server')`
/** A service's name says more than a host, and a host more than nothing. The nearest span that says more is taken. */
const peerName = `coalesce(exit.peer, case when exit.host is null
  then coalesce(above.peer, above.host, highest.peer, highest.host)
  else coalesce(above.peer, highest.peer, exit.host) end)`

t.test('SQL counts the same calls between services of two namespaces', async (t) => {
  const calls = `select ${named('caller')}, ${named('callee')}, count(*) from span callee
    join span caller on caller.trace = callee.trace and caller.id = callee.parent
    where callee.kind = 'server' group by 1, 2`
  t.same(edges('service', 'service'), asked(calls))
  t.equal(edges('service', 'service').length, services.length * (services.length - 1))
})

t.test('SQL counts nested client spans once, and finds the name that says more', async (t) => {
  const calls = innermost(`${named('exit')}, ${peerName}, count(*)`)
  t.same(
    edges('service', 'external'),
    asked(`${calls} and not ${isAnswered} and ${peerName} is not null group by 1, 2`),
  )
  const [unnamed] = asked(`${innermost('count(*)')} and not ${isAnswered} and ${peerName} is null`)
  t.equal(graph.spans.unnamedPeers, Number(unnamed))
  t.ok(Number(unnamed) > 100)
})

t.test('SQL counts the messages to and from each topic', async (t) => {
  const sent = `select ${named('span')}, topic, count(*) from span where kind = 'producer' group by 1, 2`
  t.same(edges('service', 'messaging'), asked(sent))
  const received = `select sender.topic, ${named('receiver')}, count(*) from span receiver
    join span sender on sender.trace = receiver.sender_trace and sender.id = receiver.sender_id group by 1, 2`
  t.same(edges('messaging', 'service'), asked(received))
  t.equal(graph.unresolvedLinks, 0)
})
