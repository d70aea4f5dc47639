import t from 'tap'
import { StringTable } from '../../../src/graph/columns/string-table.ts'
import { MessageAction } from '../../../src/graph/spans/message-action.ts'
import { titleOf } from '../../../src/graph/spans/node-name.ts'
import { peerAttributes } from '../../../src/graph/spans/peer-attributes.ts'
import { SpanTable } from '../../../src/graph/spans/span-table.ts'
import { jsonToProtobuf } from '../../../src/sources/otlp/json-to-protobuf.ts'
import { matchShortIds } from '../../../src/sources/otlp/short-trace-ids.ts'
import { decodeTracesData } from '../../../src/sources/tempo/decode/decode-trace-by-id.ts'

const kinds = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 }
const roles = ['none', 'database', 'messaging', 'external']

type Value = string | number | boolean

function anyValue(value: Value) {
  if (typeof value === 'string') return { stringValue: value }
  return typeof value === 'number' ? { intValue: String(value) } : { boolValue: value }
}

function tableOf(kind: keyof typeof kinds, attributes: Record<string, Value>, more: object = {}): SpanTable {
  const span = {
    traceId: '0000000000000000000000000000000a',
    spanId: '000000000000000b',
    kind: kinds[kind],
    attributes: Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) })),
    ...more,
  }
  const table = new SpanTable(new StringTable())
  const bytes = jsonToProtobuf({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] })
  decodeTracesData(bytes, table, { scope: 'resource', key: 'service.name' }, { peers: true })
  return table
}

/** Role, name and naming attribute of the peer of a span; '' if it names no peer. */
function peerOf(kind: keyof typeof kinds, attributes: Record<string, Value>): string {
  const { peers, strings } = tableOf(kind, attributes)
  if (!peers || peers.name[0] === 0) return ''
  const [name, role, source] = [peers.name[0] ?? 0, peers.role[0] ?? 0, peers.attribute[0] ?? 0]
  return `${roles[role]} ${titleOf(strings.text(name))} (${peerAttributes[source]})`
}

t.test('names a database by service, host, address, database name or system, in this order', async (t) => {
  const all = {
    'peer.service': 'orders-db',
    'server.address': 'pg.internal',
    'network.peer.address': '10.0.0.9',
    'network.peer.port': 5432,
    'db.namespace': 'orders',
    'db.system.name': 'postgresql',
  }
  const names: [keyof typeof all, string][] = [
    ['peer.service', 'orders-db (peer.service)'],
    ['server.address', 'pg.internal (server.address)'],
    ['network.peer.address', '10.0.0.9 (network.peer.address)'],
    ['db.namespace', 'orders (db.namespace)'],
    ['db.system.name', 'postgresql (db.system.name)'],
  ]
  const left: Record<string, Value> = { ...all }
  for (const [attribute, name] of names) {
    t.equal(peerOf('client', left), `database ${name}`)
    delete left[attribute]
  }
  t.equal(peerOf('client', left), '', 'a port alone names no peer')
  t.equal(peerOf('internal', { 'db.system': 'sqlite' }), 'database sqlite (db.system)', 'whatever the kind')
})

t.test('reads a peer only from spans of a kind that calls one', async (t) => {
  const address = { 'server.address': 'api.internal' }
  t.equal(peerOf('client', address), 'external api.internal (server.address)')
  t.equal(peerOf('server', address), '', 'for a server this is its own address')
  t.equal(peerOf('internal', address), '', 'an internal span names no peer')
  t.equal(peerOf('producer', address), 'messaging api.internal (server.address)')
  const said = { ...address, 'peer.service': 'web' }
  t.equal(peerOf('server', said), 'external web (peer.service)', 'peer.service may name a caller')
  t.equal(peerOf('internal', said), 'external web (peer.service)')
})

t.test('names a broker by its destination, which connects producers and consumers', async (t) => {
  const kafka = { 'messaging.system': 'kafka', 'server.address': 'kafka-1' }
  const named = { ...kafka, 'peer.service': 'bus', 'messaging.destination.name': 'orders' }
  for (const kind of ['producer', 'consumer', 'client'] as const) {
    t.equal(peerOf(kind, named), 'messaging orders (messaging.destination.name)')
    t.equal(peerOf(kind, kafka), 'messaging kafka-1 (server.address)')
  }
  const old = { 'messaging.system': 'kafka', 'messaging.destination': 'orders' }
  t.equal(peerOf('producer', old), 'messaging orders (messaging.destination)')
  t.equal(peerOf('producer', { 'messaging.system': 'kafka' }), 'messaging kafka (messaging.system)')
})

t.test('keeps only the host of a URL', async (t) => {
  const urls: [string, string][] = [
    ['https://api.example.com/v1?key=secret', 'api.example.com'],
    ['https://user:secret@api.example.com:8443/v1', 'api.example.com'],
    ['http://api.example.com?x=a@b.com', 'api.example.com'],
    ['http://api.example.com', 'api.example.com'],
    ['http://[2001:db8::1]:8080/', '2001:db8::1'],
  ]
  for (const [url, host] of urls)
    t.equal(peerOf('client', { 'url.full': url }), `external ${host} (url.full)`)
  for (const url of ['/v1/orders', '', 'https://', 'https:///x', 'http://[::1', '/go?to=http://x/']) {
    t.equal(peerOf('client', { 'http.url': url }), '', `${url} names no host`)
  }
  t.equal(peerOf('client', { 'http.host': 'example.com:80' }), 'external example.com (http.host)')
  t.equal(peerOf('client', { 'http.url': 'http://a/', 'net.peer.ip': '10.0.0.1' }), 'external a (http.url)')
  const { strings } = tableOf('client', { 'url.full': 'https://u:secret@example.com/token' })
  const texts = Array.from({ length: strings.size }, (_, index) => strings.text(index)).join(' ')
  t.notOk(texts.includes('secret') || texts.includes('token'))
})

t.test('reads values of other types, own addresses and links', async (t) => {
  t.equal(peerOf('client', { 'peer.service': 7 }), 'external 7 (peer.service)')
  t.equal(peerOf('client', { 'url.full': 7, 'peer.service': '' }), '')
  t.ok(tableOf('server', { 'net.host.ip': '10.0.0.7' }).peers?.instance[0])
  t.equal(tableOf('client', { 'net.host.ip': '10.0.0.7' }).peers?.instance[0], 0)
  const links = [
    { traceId: 'f'.repeat(32), spanId: 'f'.repeat(16) },
    { traceId: '0000000100000002000000030000000a', spanId: '000000050000000b' },
    { traceId: '0000000100000002000000030000000a', spanId: '000000050000000b' },
    { traceId: '0000000100000002000000030000000a', spanId: '0000000000000000' },
  ]
  const linked = tableOf('consumer', {}, { links })
  const words = (table: SpanTable) => table.peers?.linksOf(0).map((link) => [...link])
  const ones = 2 ** 32 - 1
  t.same(words(linked), [Array.from({ length: 6 }, () => ones), [1, 2, 3, 10, 5, 11]], 'all links, each once')
  t.same(words(linked.snapshot()), words(linked), 'a copy has them too')
  t.notOk(tableOf('client', {}).peers?.hasLink(0))
})

t.test('takes what a span does with a message from its operation, where its kind allows it', async (t) => {
  const actionOf = (kind: keyof typeof kinds, operation: string) =>
    tableOf(kind, { 'messaging.destination.name': 'q', 'messaging.operation.type': operation }).peers
      ?.action[0]
  const { create, send, receive, process, settle } = MessageAction
  const operations = ['create', 'send', 'receive', 'process', 'settle', 'other']
  const actionsOf = (kind: keyof typeof kinds) => operations.map((operation) => actionOf(kind, operation))
  t.same(actionsOf('producer'), [create, send, send, send, settle, send])
  t.same(actionsOf('consumer'), [process, process, receive, process, settle, process])
  t.same(actionsOf('client'), [create, send, receive, process, settle, send])
})

t.test('assigns a 64-bit trace id to the only trace with these low bits', async (t) => {
  const short = [0, 0, 3, 4]
  const full = [1, 2, 3, 4]
  t.same([...matchShortIds([...full, ...short])], [[1, 0]])
  t.same([...matchShortIds([...short, ...full])], [[0, 1]])
  t.same([...matchShortIds([...short, ...full, 9, 2, 3, 4])], [], 'not where there are two')
  t.same([...matchShortIds([...short, 1, 2, 3, 5])], [])
  t.same([...matchShortIds(short)], [])
  t.same([...matchShortIds([])], [])
})
