import { readFileSync } from 'node:fs'
import t from 'tap'
import { StringTable } from '../../../src/graph/columns/string-table.ts'
import { GraphBuilder } from '../../../src/graph/graph-builder.ts'
import { SpanTable } from '../../../src/graph/spans/span-table.ts'
import { jsonToProtobuf } from '../../../src/sources/otlp/json-to-protobuf.ts'
import { serviceLevelAttributes } from '../../../src/sources/otlp/peer-attributes.ts'
import { TraceGrouper } from '../../../src/sources/otlp/trace-grouper.ts'
import { tagSelector } from '../../../src/sources/tag-selector.ts'
import { SearchDecoder } from '../../../src/sources/tempo/decode/decode-search.ts'
import { bulkQuery, tagProblem, traceMatch } from '../../../src/sources/tempo/traceql.ts'

const recorded = (file: string) => readFileSync(new URL(`../../recorded/${file}`, import.meta.url))
const byService = tagSelector('service.name', '')

function services() {
  const strings = new StringTable()
  return new GraphBuilder({ strings, slowThresholdMs: 40, level: 'service' })
}

function sentGraph() {
  const builder = services()
  const spans = new TraceGrouper(builder.strings, byService, () => true, { peers: true })
  spans.add(jsonToProtobuf(JSON.parse(recorded('peers.otlp.json').toString())))
  spans.group()
  const table = new SpanTable(builder.strings)
  for (let trace = 0; trace < spans.traces; trace++) {
    spans.copyTo(table, trace)
    builder.add(table)
  }
  return builder.finishServices()
}

t.test('makes nodes of peers, by name and role', async (t) => {
  const peers = sentGraph()?.nodes.filter(({ namedBy = [] }) => namedBy.length > 0) ?? []
  t.same(
    peers.map(({ role, title, namedBy, count, failed }) =>
      [role, title, namedBy?.[0]?.attribute, count, failed].join(' '),
    ),
    [
      'database 10.0.0.9:5432 network.peer.address 1 0',
      'database 10.1.1.1 net.peer.ip 1 0',
      'database customers db.name 1 0',
      'database orders db.namespace 1 0',
      'database pg.internal server.address 1 0',
      'database pg2.internal net.peer.name 1 0',
      'database redis db.system 1 0',
      'external 1.2.3.4 net.sock.peer.addr 1 0',
      'external ::1 url.full 1 0',
      'external api.example.com http.url 1 0',
      'external billing peer.service 1 0',
      'external phone peer.service 1 0',
      'external shipping peer.service 1 0',
      'external www.example.com http.host 1 0',
      'messaging queue messaging.destination 1 0',
      'messaging topic messaging.destination.name 1 0',
    ],
  )
})

for (const version of ['tempo-3.0.3', 'tempo-2.10.7']) {
  t.test(`a search of ${version} gives the same service graph as the spans that were sent`, async (t) => {
    const builder = services()
    const table = new SpanTable(builder.strings)
    const add = (spans: SpanTable) => builder.add(spans)
    new SearchDecoder(recorded(`${version}/search-peers.pb`), table, undefined, add, { peers: true }).traces()
    // The consumer of two messages has a link to each, and one producer is not there: a search tells only of the other.
    t.equal(sentGraph()?.unresolvedLinks, 1)
    t.same(builder.finishServices(), { ...sentGraph(), unresolvedLinks: 0 })
  })
}

t.test('peers are asked for only where they are wanted', async (t) => {
  const match = traceMatch(byService)
  const without = bulkQuery(match, { selector: byService, peers: false }, 'service')
  t.notOk(serviceLevelAttributes.some((key) => without.includes(key)) || without.includes('link'))
  const asked = bulkQuery(match, { selector: byService, peers: true }, 'service')
  const isAsked = (key: string) => asked.includes(`span.${key}`)
  t.same(
    serviceLevelAttributes.filter((key) => !isAsked(key)),
    ['client.address'],
    'which only aliases need',
  )
  const withClients = bulkQuery(match, { selector: byService, peers: true, clients: true }, 'service')
  t.ok(withClients.includes('span.client.address'))
  t.ok(asked.endsWith('link:traceID, link:spanID)'))
})

t.test('a tag on the resource that a peer may be named by cannot be told from it', async (t) => {
  const tag = tagSelector('resource.db.system', '')
  t.match(tagProblem(tag, true), 'must not be resource.db.system')
  t.equal(tagProblem(tag, false), undefined)
  t.equal(tagProblem(tagSelector('span.db.system', ''), true), undefined)
})
