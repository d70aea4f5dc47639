import fc from 'fast-check'
import t from 'tap'
import type { Graph, GraphNode } from '../../src/graph/graph.ts'
import { joinParts, titleOf } from '../../src/graph/spans/node-name.ts'
import { toNodeGraph } from '../../src/node-graph/node-graph.ts'
import { builderOf } from '../support/graph/test-graphs.ts'
import { arbitraryPlainTrace, arbitraryTraces, type TestSpan } from '../support/graph/test-spans.ts'
import { holds } from '../support/property.ts'

const identity = ['service.namespace', 'deployment.environment.name', 'service.name']

/** Names with parts, in order, and for each a name without parts that has the same place in the order. */
const names = [
  ['api', 'a'],
  [joinParts(['api', '', 'prod']), 'b'],
  [joinParts(['api', 'billing']), 'c'],
  [joinParts(['api', 'shop']), 'd'],
  [joinParts(['api', 'shop', 'prod']), 'e'],
  ['cart', 'f'],
] as const
const plainNames = new Map<string | undefined, string>(names)

/** Services of one title in several namespaces and environments. */
const ofThem = (arbitrary: fc.Arbitrary<TestSpan[][]>): fc.Arbitrary<TestSpan[][]> =>
  arbitrary.chain((all) =>
    fc.tuple(
      ...all.map((spans) =>
        fc.tuple(
          ...spans.map((span) =>
            fc
              .constantFrom(undefined, ...names.map(([name]) => name))
              .map((service) => ({ ...span, service })),
          ),
        ),
      ),
    ),
  )
const traces = ofThem(arbitraryTraces)
/** Of spans that repeat each other, the name decides which one counts. */
const plainTraces = ofThem(fc.array(arbitraryPlainTrace, { maxLength: 6 }))

const renamed = (all: TestSpan[][], nameOf: (service: string) => string | undefined) =>
  all.map((spans) =>
    spans.map((span) => ({
      ...span,
      service: span.service === undefined ? undefined : nameOf(span.service),
    })),
  )

function graphsOf(all: TestSpan[][]): Graph[] {
  const builder = builderOf(all, { level: 'both' })
  return [builder.finish(), builder.finishServices() as Graph]
}

/** The graph in which every node is called by its name without parts. */
const withPlainNames = (graphs: Graph[]) =>
  graphs.map(({ nodes, ...rest }) => ({
    ...rest,
    nodes: nodes.map(({ title, parts = [], ...node }) => ({
      ...node,
      title: plainNames.get(joinParts([title, ...parts])),
    })),
  }))

/** The keys of each node in one order. */
const sorted = (graphs: { nodes: object[] }[]) =>
  graphs.map(({ nodes, ...rest }) => ({
    ...rest,
    nodes: nodes.map((node) => Object.fromEntries(Object.entries(node).sort())),
  }))

t.test('services with parts are counted as services with names of their own', async (t) => {
  const same = fc.property(traces, (all) => {
    const plain = graphsOf(renamed(all, (service) => plainNames.get(service)))
    return JSON.stringify(sorted(withPlainNames(graphsOf(all)))) === JSON.stringify(sorted(plain))
  })
  holds(t, same, 300)
})

const sums = ({ count, failed, slow }: GraphNode) => [count, failed, slow]

t.test('operations of all services with one title add up to those of the title', async (t) => {
  const add = fc.property(plainTraces, (all) => {
    const [apart] = graphsOf(all) as [Graph, Graph]
    const [together] = graphsOf(renamed(all, titleOf)) as [Graph, Graph]
    return together.nodes.every((node) => {
      const parts = apart.nodes.filter(
        ({ title, operation }) => title === node.title && operation === node.operation,
      )
      return sums(node).every(
        (sum, at) => parts.reduce((total, part) => total + (sums(part)[at] ?? 0), 0) === sum,
      )
    })
  })
  holds(t, add, 300)
})

t.test('ids are unique, and so are titles with subtitles', async (t) => {
  const unique = fc.property(traces, (all) =>
    graphsOf(all).every((graph) => {
      const { nodes } = toNodeGraph(graph, { windowSec: 60, tagNodeSubTitle: 'Service Node', identity })
      const shown = nodes.map(({ title, subTitle }) => `${title}/${subTitle}`)
      return new Set(nodes.map(({ id }) => id)).size === nodes.length && new Set(shown).size === nodes.length
    }),
  )
  holds(t, unique, 300)
})
