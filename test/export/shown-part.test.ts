import t from 'tap'
import { selectNeighbourhood } from '../../src/export/shown-part.ts'
import type { EdgeRow, NodeGraph, NodeRow } from '../../src/model/node-graph-rows.ts'
import { documentOf } from '../support/server-stand-ins.ts'

const [nodeRow] = documentOf('micro').nodes as [NodeRow]
const [edgeRow] = documentOf('micro').edges as [EdgeRow]

const edges: [source: string, target: string][] = [
  ['cron', 'job'],
  ['web', 'c1'],
  ['web', 'c2'],
  ['web', 'c3'],
  ['c1', 'c2'],
]
const graph: NodeGraph = {
  nodes: ['c1', 'c2', 'c3', 'cron', 'job', 'web'].map((id) => ({ ...nodeRow, id })),
  edges: edges.map(([source, target]) => ({ ...edgeRow, id: `${source}_${target}`, source, target })),
}

t.test('selects the neighbourhood of nodes', async (t) => {
  const ids = (focus: string[], hops: number) => {
    const { nodes, edges } = selectNeighbourhood(graph, focus, hops)
    return [...nodes, ...edges].map(({ id }) => id)
  }
  t.same(ids(['c1'], 0), ['c1'])
  t.same(
    ids(['c1'], 1),
    ['c1', 'c2', 'web', 'web_c1', 'web_c2', 'c1_c2'],
    'callers, callees, and the edges between them',
  )
  t.same(ids(['job'], 1), ['cron', 'job', 'cron_job'])
  t.same(ids(['c3'], 2), ['c1', 'c2', 'c3', 'web', 'web_c1', 'web_c2', 'web_c3', 'c1_c2'])
  t.same(ids(['c3', 'job'], 1), ['c3', 'cron', 'job', 'web', 'cron_job', 'web_c3'])
  t.same(ids(['c3'], 64), ids(['c3'], 2))
})
