import fc from 'fast-check'
import t from 'tap'
import { StringTable } from '../../src/graph/columns/string-table.ts'
import { EdgeExplainer } from '../../src/graph/explain/edge-explainer.ts'
import type { NodeKey } from '../../src/graph/explain/node-key.ts'
import type { GraphNode } from '../../src/graph/graph.ts'
import { builderOf } from '../support/graph/test-graphs.ts'
import { arbitraryTraces, spanTable, type TestSpan } from '../support/graph/test-spans.ts'
import { holds } from '../support/property.ts'

const levels = ['operation', 'service'] as const
const options = { slowThresholdMs: 40, isTagNode: (value: string) => value !== 'hidden' }

function explain(
  level: (typeof levels)[number],
  traces: TestSpan[][],
  source: NodeKey,
  target: NodeKey,
  taken: TestSpan[][] = [],
) {
  const strings = new StringTable()
  const explainer = new EdgeExplainer({ ...options, strings, level, source, target })
  const numbered = [...traces.entries()].map(([index, spans]) => spanTable(strings, index + 1, spans))
  const others = [...taken.entries()].map(([index, spans]) => spanTable(strings, 1000 + index, spans))
  for (const spans of [...others, ...numbered]) explainer.add(spans)
  for (const spans of others) explainer.remove(spans)
  return explainer.finish()
}

const nodeOf = (level: (typeof levels)[number], title: string): NodeKey =>
  level === 'service'
    ? { role: 'service', title, operation: '' }
    : { role: 'operation', title, operation: 'op' }

/** Some traces, and two nodes of their graph. */
const asked = fc.tuple(fc.constantFrom(...levels), arbitraryTraces, fc.nat(), fc.nat())
const peer = fc.option(
  fc.dictionary(
    fc.constantFrom('peer.service', 'db.system', 'messaging.destination.name'),
    fc.constantFrom('shop', 'q'),
  ),
)
const withPeers = asked.chain(([level, traces, a, b]) =>
  fc
    .tuple(
      ...traces.map((spans) =>
        fc.tuple(...spans.map((span) => peer.map((peer) => ({ ...span, peer: peer ?? {} })))),
      ),
    )
    .map((named) => [level, level === 'service' ? named : traces, a, b] as const),
)

function check(
  what: string,
  law: (level: (typeof levels)[number], traces: TestSpan[][], a: number, b: number) => void,
) {
  t.test(what, async (t) => {
    const property = fc.property(withPeers, ([level, traces, a, b]) =>
      law(level, traces as TestSpan[][], a, b),
    )
    holds(t, property, 150)
  })
}

function graphAt(level: (typeof levels)[number], traces: TestSpan[][]) {
  const builder = builderOf(traces, { ...options, level })
  return level === 'service' ? builder.finishServices() : builder.finish()
}

function assertEqual(actual: unknown, expected: unknown): void {
  const [one, other] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (one !== other) throw new Error(`${one} is not ${other}`)
}

check('between any two nodes the explanation counts the calls of the edge', (level, traces, a, b) => {
  const graph = graphAt(level, traces)
  if (!graph || graph.nodes.length === 0) return
  const [from, to] = [a % graph.nodes.length, b % graph.nodes.length]
  const found = explain(level, traces, graph.nodes[from] as GraphNode, graph.nodes[to] as GraphNode)
  const edge = graph.edges.find(({ source, target }) => source === from && target === to)
  assertEqual(found.calls.count, edge?.count ?? 0)
  for (const { count, examples } of found.nearMisses) {
    if (examples.length === 0 || examples.length > Math.min(20, count)) throw new Error('examples')
  }
})

check('a removed trace leaves nothing, and order does not matter', (level, traces, a, b) => {
  const graph = graphAt(level, traces)
  if (!graph || graph.nodes.length === 0) return
  const source = graph.nodes[a % graph.nodes.length] as GraphNode
  const target = graph.nodes[b % graph.nodes.length] as GraphNode
  const found = explain(level, traces, source, target)
  assertEqual(explain(level, traces, source, target, traces.slice(0, 2)), found)
  const shuffled = traces.map((spans) => [...spans].reverse())
  assertEqual(explain(level, shuffled, source, target), found)
})

t.test('reports excluded spans, and sees through transparent ones', async (t) => {
  const span = (id: number, parent: number | undefined, service: string, name = 'op'): TestSpan => {
    return { id, parent, service, name }
  }
  const traces = [
    [span(1, undefined, 'web'), span(2, 1, 'proxy'), span(3, 2, 'cart')],
    [span(1, undefined, 'web'), span(2, 1, 'web', 'health'), span(3, 2, 'cart')],
  ]
  const leftOut = {
    isExcluded: (text: string) => text === 'health',
    isTransparent: (service: string) => service === 'proxy',
  }
  for (const level of levels) {
    const strings = new StringTable()
    const role = level === 'service' ? 'service' : 'operation'
    const node = (title: string) => ({ role, title, operation: level === 'service' ? '' : 'op' }) as const
    const more = { level, source: node('web'), target: node('cart') }
    const explainer = new EdgeExplainer({ ...options, ...leftOut, strings, ...more })
    for (const [at, spans] of traces.entries()) explainer.add(spanTable(strings, at + 1, spans))
    const { calls, nearMisses } = explainer.finish()
    t.equal(calls.count, 1)
    t.match(nearMisses, [{ rule: 'excluded', count: 1 }])
  }
})

t.test('reports a client span that no span answers, at either level', async (t) => {
  const traces: TestSpan[][] = [
    [{ id: 1, service: 'web', name: 'op', kind: 'client' }],
    [{ id: 1, service: 'web', name: 'op', kind: 'internal' }],
    [{ id: 1, service: 'cart', name: 'op', kind: 'client' }],
  ]
  for (const level of levels) {
    const { nearMisses } = explain(level, traces, nodeOf(level, 'web'), nodeOf(level, 'cart'))
    t.match(
      nearMisses.filter(({ rule }) => rule === 'unanswered-client'),
      [{ count: 1 }],
      level,
    )
  }
})

t.test('tells a broker from another caller between two spans of a service', async (t) => {
  const root: TestSpan = { id: 1, service: 'web', name: 'op', kind: 'server' }
  const below: TestSpan = { id: 2, parent: 1, service: 'web', name: 'op' }
  const web = nodeOf('service', 'web')
  const missesOf = (more: Partial<TestSpan>) =>
    explain('service', [[root, { ...below, ...more }]], web, web).nearMisses
  t.match(missesOf({ kind: 'consumer', peer: { 'messaging.destination.name': 'orders' } }), [
    { rule: 'broker-between', count: 1, via: [{ node: 'orders', count: 1 }] },
  ])
  t.match(missesOf({ kind: 'server', peer: { 'peer.service': 'gate' } }), [
    { rule: 'indirect', count: 1, via: [{ node: 'gate', count: 1 }] },
  ])
})
