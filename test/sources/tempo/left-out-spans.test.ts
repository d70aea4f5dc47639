import t from 'tap'
import { StringTable } from '../../../src/graph/columns/string-table.ts'
import { GraphBuilder } from '../../../src/graph/graph-builder.ts'
import { nameTemplate } from '../../../src/graph/spans/name-template.ts'
import { tagSelector } from '../../../src/sources/tag-selector.ts'
import { newSource } from '../../support/tempo/read-window.ts'
import { fragmentOf } from '../../support/tempo/stored-trace.ts'
import { startTempo } from '../../support/tempo/tempo-stand-in.ts'

const epochMs = 1_700_000_000_000
const traces = [4711, 12, 7].map((item, at) =>
  fragmentOf(at + 1, epochMs, [
    { id: 1, service: 'web', name: `GET /items/${item}`, atMs: 0 },
    { id: 2, parent: 1, service: 'envoy', name: 'egress', atMs: 1 },
    { id: 3, parent: 2, service: 'cart', name: `GET /cart/${item}`, atMs: 2 },
    { id: 4, parent: 3, service: 'cart', name: 'health check', atMs: 3 },
    { id: 5, parent: 4, service: 'db', name: 'ping', atMs: 4 },
  ]),
)

for (const unknown of [[], ['by']]) {
  const way = unknown.length === 0 ? 'searches' : 'traces by id'
  t.test(`templates, transparent and excluded spans are the same from ${way}`, async (t) => {
    const tempo = await startTempo({ fragments: traces, unknown })
    const source = newSource({ url: tempo.url })
    t.teardown(() => Promise.all([source.close(), tempo.close()]))
    const builder = new GraphBuilder({
      strings: new StringTable(100, nameTemplate),
      slowThresholdMs: 40,
      isExcluded: (text) => text.includes('health'),
      isTransparent: (service) => service === 'envoy',
    })
    const query = {
      selector: tagSelector('service.name', ''),
      window: { fromMs: epochMs, toMs: epochMs + 60_000 },
      limit: 10,
    }
    await source.read(query, builder, { signal: new AbortController().signal })
    const { nodes, edges, spans } = builder.finish()
    t.match(nodes, [
      { title: 'cart', operation: 'GET /cart/*', count: 3 },
      { title: 'web', operation: 'GET /items/*', count: 3 },
    ])
    t.match(edges, [{ count: 3, via: ['envoy'] }])
    t.match(spans, { received: 15, counted: 6, transparent: 3, excluded: 6, orphans: 0 })
  })
}
