import fc from 'fast-check'
import t from 'tap'
import { StringTable } from '../../src/graph/columns/string-table.ts'
import type { Graph } from '../../src/graph/graph.ts'
import { GraphBuilder } from '../../src/graph/graph-builder.ts'
import type { PeerAttribute } from '../../src/graph/spans/peer-attributes.ts'
import type { SpanTable } from '../../src/graph/spans/span-table.ts'
import { toNodeGraph } from '../../src/node-graph/node-graph.ts'
import { exemplarIds, hexTraceId, withoutExemplars } from '../support/graph/test-graphs.ts'
import { arbitraryTraces, spanTable, type TestSpan, weighted } from '../support/graph/test-spans.ts'
import { holds } from '../support/property.ts'

const attributes: PeerAttribute[] = [
  'peer.service',
  'server.address',
  'db.system',
  'messaging.destination.name',
  'messaging.system',
  'client.address',
]

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 })
const peer = maybe(fc.dictionary(fc.constantFrom(...attributes), fc.constantFrom('shop', 'cart', 'q', 'db')))
const oneLink = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 5 }))
const link = maybe(oneLink)
const links = maybe(fc.array(oneLink, { maxLength: 3 }))
const instance = maybe(fc.constantFrom('10.0.0.1', '10.0.0.2'))

/** Arbitrary traces; some spans name peers or are linked to spans of other traces. */
const plainTraces: fc.Arbitrary<TestSpan[][]> = arbitraryTraces.chain((all) =>
  fc.tuple(
    ...all.map((spans) =>
      fc.tuple(
        ...spans.map((span) =>
          fc.record({ peer, link, links, instance }).map((more): TestSpan => ({ ...span, ...more })),
        ),
      ),
    ),
  ),
)

/** Some spans were sampled, or are summaries of others. */
const traces = weighted(plainTraces)

const shuffled = <T>(values: T[]) => fc.shuffledSubarray(values, { minLength: values.length })

class Services {
  readonly strings = new StringTable()
  readonly builder = new GraphBuilder({
    strings: this.strings,
    slowThresholdMs: 40,
    level: 'both',
    userNode: true,
    isTagNode: (value) => value !== 'hidden',
    // A peer that is a service by its alias, and two that are one by it.
    aliasOf: (name) => ({ q: 'cart', db: 'store', mysql: 'store' })[name],
  })

  table(id: number, spans: TestSpan[]): SpanTable {
    return spanTable(this.strings, id, spans)
  }

  add(traces: TestSpan[][], firstId = 1): this {
    traces.forEach((spans, index) => {
      this.builder.add(this.table(firstId + index, spans))
    })
    return this
  }

  graph(): Graph {
    const graph = this.builder.finishServices()
    if (!graph) throw new Error('no service graph')
    return graph
  }
}

const graphOf = (traces: TestSpan[][]) => new Services().add(traces).graph()

/** Everything anyone could see of a graph. */
const bytesOf = (graph: Graph) =>
  JSON.stringify([graph, toNodeGraph(graph, { windowSec: 60, tagNodeSubTitle: 'Service Node' })])

t.test('the order of spans and traces never changes the service graph', async (t) => {
  const inTwoOrders = traces.chain((all) =>
    fc.tuple(
      fc.constant(all),
      shuffled(all.map((spans, index) => ({ spans, id: index + 1 }))).chain((some) =>
        fc.tuple(...some.map(({ spans, id }) => fc.record({ id: fc.constant(id), spans: shuffled(spans) }))),
      ),
    ),
  )
  const sameBytes = fc.property(inTwoOrders, ([all, reordered]) => {
    const services = new Services()
    for (const { id, spans } of reordered) services.builder.add(services.table(id, spans))
    return bytesOf(services.graph()) === bytesOf(graphOf(all))
  })
  holds(t, sameBytes, 1000)
})

t.test('two servers with one shared id, as long as each other, may come in any order', async (t) => {
  const root: TestSpan = { id: 1, service: 'pay', name: 'put', kind: 'server', durationMs: 90 }
  const server: TestSpan = { id: 4, parent: 1, name: '', kind: 'server', durationMs: 20 }
  const [one, other] = [
    { ...server, instance: '10.0.0.1' },
    { ...server, service: 'other' },
  ]
  t.equal(bytesOf(graphOf([[root, one, other]])), bytesOf(graphOf([[root, other, one]])))
})

t.test('two halves merged are the whole, whichever strings each has seen first', async (t) => {
  const sameBytes = fc.property(traces, fc.nat(6), (all, at) => {
    const one = new Services().add(all.slice(0, at))
    one.builder.merge(new Services().add(all.slice(at), all.slice(0, at).length + 1).builder)
    return bytesOf(one.graph()) === bytesOf(graphOf(all))
  })
  holds(t, sameBytes, 150)
})

t.test('removing a trace restores the graph from before it', async (t) => {
  const sameBytes = fc.property(traces, traces, (kept, taken) => {
    const services = new Services().add(kept)
    const tables = taken.map((spans, index) => services.table(100 + index, spans))
    for (const table of tables) services.builder.add(table)
    for (const table of tables.reverse()) services.builder.remove(table)
    const graph = services.graph()
    return (
      bytesOf(withoutExemplars(graph)) === bytesOf(withoutExemplars(graphOf(kept))) &&
      [...exemplarIds(graph)].every((id) => kept.some((_, index) => id === hexTraceId(index + 1)))
    )
  })
  holds(t, sameBytes, 150)
})

t.test('removing a trace and adding it again changes nothing', async (t) => {
  const sameBytes = fc.property(traces, traces, (kept, taken) => {
    const services = new Services().add(taken).add(kept, taken.length + 1)
    const tables = taken.map((spans, index) => services.table(index + 1, spans))
    for (const table of tables) services.builder.remove(table)
    for (const table of tables.reverse()) services.builder.add(table)
    return bytesOf(services.graph()) === bytesOf(graphOf([...taken, ...kept]))
  })
  holds(t, sameBytes, 150)
})

t.test('spans add up: every counted span has one place', async (t) => {
  const addsUp = fc.property(traces, (all) => {
    const { spans } = graphOf(all)
    const { edgeCalls, selfCalls, roots, orphans, cycles } = spans
    return (
      spans.received === spans.counted + spans.duplicates + spans.withoutService &&
      spans.counted === edgeCalls + selfCalls + roots + orphans + cycles
    )
  })
  holds(t, addsUp, 150)
})

t.test('every end of an edge is a node, and every call of a service is one that it served', async (t) => {
  const isSound = fc.property(traces, (all) => {
    const { nodes, edges } = graphOf(all)
    const isRed = ({ count, failed, slow, meanNs }: Graph['nodes'][number] | Graph['edges'][number]) =>
      count > 0 && failed >= 0 && slow >= 0 && failed + slow <= count && meanNs >= 0
    const hasEnds = edges.every(({ source, target }) => nodes[source] && nodes[target] && source !== target)
    // A batch is one call of its consumer, and a message from each producer it is linked to.
    const most = Math.max(1, ...all.flat().map(({ summaryOf }) => summaryOf?.length ?? 1))
    const linksOf = (service: string) =>
      all.flat().reduce((sum, span) => {
        const links = (span.link ? 1 : 0) + (span.links?.length ?? 0)
        // A piece without a service may belong to any.
        return sum + (!span.service || span.service === service ? links * most : 0)
      }, 0)
    const servesAll = nodes.every(({ role, title, count, selfCalls }, index) => {
      const calls = edges.filter(({ source, target }) => target === index && nodes[source]?.role !== 'tag')
      const received = calls.reduce((sum, edge) => sum + edge.count, 0)
      return role !== 'service' || count + linksOf(title) >= received + selfCalls
    })
    return hasEnds && servesAll && [...nodes, ...edges].every(isRed)
  })
  holds(t, isSound, 150)
})

t.test('the graph of operations is the same whether the service graph is built or not', async (t) => {
  const sameBytes = fc.property(traces, (all) => {
    const strings = new StringTable()
    const alone = new GraphBuilder({ strings, slowThresholdMs: 40, isTagNode: (value) => value !== 'hidden' })
    all.forEach((spans, index) => {
      alone.add(spanTable(strings, index + 1, spans))
    })
    return bytesOf(new Services().add(all).builder.finish()) === bytesOf(alone.finish())
  })
  holds(t, sameBytes, 150)
})
