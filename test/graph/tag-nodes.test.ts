import t from 'tap'
import type { Graph } from '../../src/graph/graph.ts'
import { builderOf, edgesOf } from '../support/graph/test-graphs.ts'
import type { TestSpan } from '../support/graph/test-spans.ts'

const taggedGraph = (...traces: TestSpan[][]): Graph =>
  builderOf(traces, { isTagNode: (value) => value !== 'hidden' }).finish()

const tagsOf = (graph: Graph) =>
  graph.nodes.filter((node) => node.role === 'tag').map((node) => `${node.title} ${node.count}`)

const root: TestSpan = { id: 1, service: 'front', name: 'op' }
const child: TestSpan = { id: 2, parent: 1, service: 'back', name: 'op' }

t.test('without a predicate there are no tag nodes', async (t) => {
  t.same(tagsOf(builderOf([[{ ...root, tag: 'x' }]]).finish()), [])
})

t.test('a value anywhere in a trace leads to the root of the trace', async (t) => {
  const graph = taggedGraph([root, { ...child, tag: 'x', durationMs: 99 }])
  t.same(edgesOf(graph), ['front > back 1', 'x > front 1'])
  t.match(graph.nodes[2], {
    role: 'tag',
    title: 'x',
    operation: '',
    count: 1,
    slow: 0,
    meanNs: 10e6,
    selfCalls: 0,
  })
})

t.test('a value counts once per trace, however many spans carry it', async (t) => {
  const graph = taggedGraph(
    [
      { ...root, tag: 'x' },
      { ...child, tag: 'x' },
    ],
    [{ ...root, tag: 'x' }],
  )
  t.same(tagsOf(graph), ['x 2'])
  t.same(edgesOf(graph), ['front > back 1', 'x > front 2'])
})

t.test('each of several values in a trace gets a node', async (t) => {
  const graph = taggedGraph([
    { ...root, tag: 'x' },
    { ...child, tag: 'y' },
  ])
  t.same(tagsOf(graph), ['x 1', 'y 1'])
  t.same(edgesOf(graph), ['front > back 1', 'x > front 1', 'y > front 1'])
})

t.test('a value that isTagNode rejects gets no node', async (t) => {
  const graph = taggedGraph([
    { ...root, tag: 'hidden' },
    { ...child, tag: 'x' },
  ])
  t.same(tagsOf(graph), ['x 1'])
})

t.test('isTagNode is called once for each value', async (t) => {
  const asked: string[] = []
  const isTagNode = (value: string) => asked.push(value) > 0
  const trace = [{ ...root, tag: 'x' }, { ...child, tag: 'y' }, child]
  builderOf([trace, trace], { isTagNode })
  t.same(asked, ['x', 'y'])
})

t.test('of several roots each has an edge; the node has the figures of the earliest', async (t) => {
  const graph = taggedGraph([
    { ...root, tag: 'x', startMs: 9, durationMs: 5 },
    { id: 3, service: 'job', name: 'op', startMs: 2, durationMs: 70, status: 'error' },
  ])
  t.same(edgesOf(graph), ['x > front 1', 'x > job 1'])
  t.match(graph.nodes[2], { title: 'x', count: 1, failed: 1, meanNs: 70e6 })
  t.match(graph.edges, [
    { failed: 0, meanNs: 5e6 },
    { failed: 1, meanNs: 70e6 },
  ])
})

t.test('roots of one operation are one call per trace, that of the earliest', async (t) => {
  const graph = taggedGraph([
    { ...root, tag: 'x', startMs: 3, durationMs: 30 },
    { ...root, id: 7, startMs: 1, durationMs: 10 },
    { ...root, id: 8, startMs: 2, durationMs: 20 },
  ])
  t.same(edgesOf(graph), ['x > front 1'])
  t.match(graph.edges, [{ count: 1, meanNs: 10e6 }])
})

t.test('a trace of orphans alone has a tag node and no edge: its root is not known', async (t) => {
  const graph = taggedGraph([{ ...child, tag: 'x' }])
  t.same(tagsOf(graph), ['x 1'])
  t.same(edgesOf(graph), [])
})

t.test('the value of a span without a service counts', async (t) => {
  t.same(edgesOf(taggedGraph([root, { id: 5, parent: 1, name: 'op', tag: 'x' }])), ['x > front 1'])
})

t.test('the value of a repetition does not', async (t) => {
  const graph = taggedGraph([
    { ...root, durationMs: 50, tag: 'x' },
    { ...root, durationMs: 5, tag: 'y' },
  ])
  t.same(tagsOf(graph), ['x 1'])
})

t.test('a value that equals a service name is a node of its own', async (t) => {
  const graph = taggedGraph([{ ...root, name: 'service', tag: 'front' }])
  t.match(graph.nodes, [
    { role: 'operation', title: 'front' },
    { role: 'tag', title: 'front' },
  ])
  t.match(graph.edges, [{ source: 1, target: 0 }])
})
