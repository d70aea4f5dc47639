import { readFileSync } from 'node:fs'
import t from 'tap'
import * as kernel from '../../src/graph/kernel.ts'

const { GraphBuilder, PeerNaming, peerAttributes, SpanKind, SpanTable, StringTable } = kernel

t.test('the example in the documentation of the kernel gives a graph', async (t) => {
  const source = readFileSync('src/graph/kernel.ts', 'utf8')
  const example = source.match(/```ts\n([^`]+)/)?.[1]?.replace(/^ \* ?/gm, '') ?? ''
  const names = Object.keys(kernel)
  const run = new Function(...names, `${example}\nreturn graph`)
  const graph: kernel.Graph = run(...Object.values(kernel))
  t.match(graph.nodes, [{ role: 'operation', title: 'web', operation: 'GET /', count: 1, meanNs: 2e6 }])
  t.same(graph.edges, [])
})

t.test('the exports of the kernel are enough to name a peer', async (t) => {
  const strings = new StringTable()
  const builder = new GraphBuilder({ strings, slowThresholdMs: 40, level: 'service' })
  const spans = new SpanTable(strings)
  const peers = spans.enablePeers()
  const naming = new PeerNaming(strings)
  const row = spans.addRow()
  spans.spanIdLo[row] = 1
  spans.kind[row] = SpanKind.client
  spans.service[row] = strings.internText('web')
  naming.start()
  naming.addAttribute(peerAttributes.indexOf('db.namespace'), strings.internText('orders'))
  naming.resolve(SpanKind.client)
  peers.name[row] = naming.name
  peers.role[row] = naming.role
  peers.attribute[row] = naming.attribute
  builder.add(spans)
  t.match(builder.finishServices()?.nodes, [
    { role: 'database', title: 'orders', namedBy: [{ attribute: 'db.namespace', name: 'orders' }] },
    { role: 'service', title: 'web' },
  ])
})
