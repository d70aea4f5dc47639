import fc from 'fast-check'
import t from 'tap'
import { StringTable } from '../../src/graph/columns/string-table.ts'
import type { Graph } from '../../src/graph/graph.ts'
import type { GraphBuilder, GraphBuilderOptions } from '../../src/graph/graph-builder.ts'
import { builderOf, withoutExemplars } from '../support/graph/test-graphs.ts'
import {
  arbitraryPlainTrace,
  arbitraryTrace,
  arbitraryWeightedTraces,
  spanTable,
  type TestSpan,
} from '../support/graph/test-spans.ts'
import { holds } from '../support/property.ts'

const options: Partial<GraphBuilderOptions> = {
  level: 'both',
  isTagNode: () => true,
  isExcluded: (text) => text === 'put',
  isTransparent: (service) => service === 'cart' || service === 'other',
}

const graphsOf = (builder: GraphBuilder) => [builder.finish(), builder.finishServices() as Graph]
const bytesOf = (builder: GraphBuilder) => JSON.stringify(graphsOf(builder).map(withoutExemplars))
const of = (traces: TestSpan[][], firstId = 1) =>
  builderOf(
    traces,
    { ...options, strings: new StringTable() },
    traces.map((_, index) => firstId + index),
  )

t.test('spans may come in any order', async (t) => {
  const sameBytes = fc.property(
    arbitraryTrace.chain((one) =>
      fc.tuple(fc.constant(one), fc.shuffledSubarray(one, { minLength: one.length })),
    ),
    ([one, other]) => bytesOf(of([one])) === bytesOf(of([other])),
  )
  holds(t, sameBytes, 1000)
})

t.test('slices merged are the whole, and what is removed leaves nothing', async (t) => {
  const sameBytes = fc.property(arbitraryWeightedTraces, arbitraryWeightedTraces, (first, second) => {
    const merged = of(second, first.length + 1)
    merged.merge(of(first))
    const strings = new StringTable()
    const removed = builderOf([...first, ...second], { ...options, strings })
    for (const [index, trace] of second.entries()) {
      removed.remove(spanTable(strings, first.length + index + 1, trace))
    }
    return bytesOf(merged) === bytesOf(of([...first, ...second])) && bytesOf(removed) === bytesOf(of(first))
  })
  holds(t, sameBytes, 300)
})

t.test('a transparent span is seen through as one without a service', async (t) => {
  const same = fc.property(arbitraryPlainTrace, (trace) => {
    const seenThrough = {
      isTagNode: () => true,
      isTransparent: (service: string) => service === 'cart',
      level: 'both',
    } as const
    const bare = trace.map((span) => (span.service === 'cart' ? { ...span, service: undefined } : span))
    const read = (graph: Graph) => ({
      ...graph,
      edges: graph.edges.map(({ via: _via, ...edge }) => edge),
      spans: {
        ...graph.spans,
        withoutService: graph.spans.withoutService + graph.spans.transparent,
        transparent: 0,
      },
    })
    const withProxy = graphsOf(builderOf([trace], seenThrough)).map(read)
    const without = graphsOf(builderOf([bare], { ...seenThrough, isTransparent: undefined })).map(read)
    return JSON.stringify(withProxy) === JSON.stringify(without)
  })
  holds(t, same, 1000)
})

t.test(
  'a graph without the excluded spans is that of the other spans, and their number is known',
  async (t) => {
    const same = fc.property(arbitraryPlainTrace, (trace) => {
      const byId = new Map(trace.map((span) => [span.id, span]))
      const isLeftOut = (span: TestSpan | undefined, seen = new Set<number>()): boolean => {
        if (span === undefined || seen.has(span.id)) return false
        seen.add(span.id)
        return span.name === 'put' || (span.parent !== undefined && isLeftOut(byId.get(span.parent), seen))
      }
      const kept = trace.filter((span) => !isLeftOut(span))
      const builder = builderOf([trace], { ...options, isTransparent: undefined })
      const expected = graphsOf(builderOf([kept], { level: 'both', isTagNode: () => true }))
      const excluded = trace.length - kept.length
      const left = expected.map((graph) => ({
        ...graph,
        spans: { ...graph.spans, received: trace.length, excluded },
      }))
      return JSON.stringify(graphsOf(builder)) === JSON.stringify(left)
    })
    holds(t, same, 1000)
  },
)

for (const countedTime of [undefined, { fromMs: 0, toMs: 1.5 }]) {
  t.test(
    `no span is lost and none counts twice${countedTime ? ', those outside the window neither' : ''}`,
    async (t) => {
      const conserved = fc.property(arbitraryTrace, (trace) =>
        graphsOf(builderOf([trace], { ...options, strings: new StringTable(), countedTime })).every(
          ({ spans }) => {
            const { received, counted, duplicates, withoutService, outsideWindow, excluded, transparent } =
              spans
            const { edgeCalls, selfCalls, roots, orphans, cycles } = spans
            return (
              received === counted + duplicates + withoutService + outsideWindow + excluded + transparent &&
              counted === edgeCalls + selfCalls + roots + orphans + cycles &&
              Object.values(spans).every((count) => count >= 0)
            )
          },
        ),
      )
      holds(t, conserved, 1000)
    },
  )
}

t.test('an edge names each transparent service that its calls passed, once and sorted', async (t) => {
  const call = (id: number, parent: number | undefined, service: string): TestSpan => ({
    id,
    parent,
    service,
    name: 'op',
  })
  const chain = (...services: string[]) =>
    services.map((service, at) => call(at + 1, at || undefined, service))
  const via = (...traces: TestSpan[][]) => {
    const isTransparent = (service: string) => service.startsWith('proxy')
    const [operations, services] = graphsOf(builderOf(traces, { level: 'both', isTransparent }))
    t.same(
      operations?.edges.map((edge) => edge.via),
      services?.edges.map((edge) => edge.via),
    )
    return services?.edges.map((edge) => edge.via)
  }
  t.same(via(chain('a', 'b')), [[]])
  t.same(via(chain('a', 'proxy-2', 'proxy-1', 'proxy-2', 'b')), [['proxy-1', 'proxy-2']])
  t.same(via(chain('a', 'proxy-2', 'b'), chain('a', 'b'), chain('a', 'proxy-1', 'b')), [
    ['proxy-1', 'proxy-2'],
  ])
  t.same(via([...chain('a', 'proxy-1', 'proxy-2', 'b'), call(9, 2, 'b')]), [['proxy-1', 'proxy-2']])
  t.same(via(chain('proxy-1', 'b')), [])
})

t.test('the client of a call through a proxy is that of the caller', async (t) => {
  const trace: TestSpan[] = [
    { id: 1, service: 'a', name: 'GET', kind: 'client', status: 'error', durationMs: 30 },
    { id: 2, parent: 1, service: 'proxy', name: 'out', kind: 'client', durationMs: 20 },
    { id: 3, parent: 2, service: 'b', name: 'GET', kind: 'server', durationMs: 10 },
  ]
  const isTransparent = (service: string) => service === 'proxy'
  const graph = builderOf([trace], { level: 'service', isTransparent }).finishServices()
  t.match(graph?.edges, [
    { count: 1, failed: 1, sides: { clientMeanNs: 30e6, serverMeanNs: 10e6, gapMeanNs: 20e6 } },
  ])
})

t.test('a call of a proxy that no span answers belongs to the caller of the proxy', async (t) => {
  const exit: TestSpan = {
    id: 3,
    parent: 2,
    service: 'proxy',
    name: 'exit',
    kind: 'client',
    peer: { 'server.address': 'db.example' },
  }
  const trace: TestSpan[] = [
    { id: 1, service: 'a', name: 'GET', kind: 'client' },
    { id: 2, parent: 1, service: 'proxy', name: 'in', kind: 'server' },
    exit,
  ]
  const isTransparent = (service: string) => service === 'proxy'
  const graph = builderOf([trace], { level: 'service', isTransparent }).finishServices()
  t.match(graph?.nodes, [{ title: 'db.example' }, { title: 'a' }])
  t.match(graph?.edges, [{ count: 1, via: ['proxy'] }])
})
