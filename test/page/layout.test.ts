import fc from 'fast-check'
import t from 'tap'
import { layOut } from '../../src/page/layout/layout.ts'
import { nodeHeight, nodeWidth } from '../../src/page/layout/node-size.ts'

const at = (values: number[], index: number) => values[index] ?? Number.NaN

type Edges = [number, number][]

/** Up to 24 nodes, without duplicate edges and self loops. */
const graphs = fc.integer({ min: 1, max: 24 }).chain((nodeCount) =>
  fc
    .uniqueArray(fc.tuple(fc.nat(nodeCount - 1), fc.nat(nodeCount - 1)), {
      maxLength: 50,
      selector: ([source, target]) => `${source} ${target}`,
    })
    .map((edges) => ({ nodeCount, edges: edges.filter(([source, target]) => source !== target) as Edges })),
)

t.test('never overlaps nodes, stays inside the bounds, and is deterministic', async (t) => {
  fc.assert(
    fc.property(graphs, (graph) => {
      const layout = layOut(graph)
      const { x, y, width, height, routes } = layout
      for (let a = 0; a < graph.nodeCount; a++) {
        if (!(at(x, a) >= 0 && at(x, a) + nodeWidth <= width + 1e-6)) return false
        if (!(at(y, a) >= 0 && at(y, a) + nodeHeight <= height + 1e-6)) return false
        for (let b = 0; b < a; b++) {
          const apart =
            Math.abs(at(x, a) - at(x, b)) >= nodeWidth || Math.abs(at(y, a) - at(y, b)) >= nodeHeight - 1e-6
          if (!apart) return false
        }
      }
      return routes.flat().every(Number.isFinite) && JSON.stringify(layOut(graph)) === JSON.stringify(layout)
    }),
    { numRuns: 300 },
  )
  t.pass('300 graphs')
})

t.test('places callers left of their callees in acyclic graphs', async (t) => {
  fc.assert(
    fc.property(graphs, ({ nodeCount, edges }) => {
      const acyclic = edges.map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)])
      const { x } = layOut({ nodeCount, edges: acyclic })
      return acyclic.every(([source, target]) => at(x, source) < at(x, target))
    }),
    { numRuns: 300 },
  )
  t.pass('300 graphs')
})

t.test('draws a chain as a straight line, and a caller in the middle of its callees', async (t) => {
  const chain = layOut({
    nodeCount: 4,
    edges: [
      [0, 1],
      [1, 2],
      [2, 3],
    ],
  })
  t.same(new Set(chain.y), new Set([0]))
  const fan = layOut({
    nodeCount: 4,
    edges: [
      [0, 1],
      [0, 2],
      [0, 3],
    ],
  })
  t.equal(fan.y[0], fan.y[2])
  t.ok(at(fan.y, 1) < at(fan.y, 2) && at(fan.y, 2) < at(fan.y, 3))
})

t.test('draws one edge of a cycle backwards, and a long edge around the nodes between', async (t) => {
  const { x } = layOut({
    nodeCount: 3,
    edges: [
      [0, 1],
      [1, 2],
      [2, 0],
    ],
  })
  t.same([...x].sort((a, b) => a - b).length, new Set(x).size)
  const { routes, y } = layOut({
    nodeCount: 3,
    edges: [
      [0, 1],
      [1, 2],
      [0, 2],
    ],
  })
  t.same([routes[0], routes[1]], [[], []])
  t.equal(routes[2]?.length, 2)
  const bendY = routes[2]?.[1] ?? 0
  t.ok(bendY < at(y, 1) || bendY > at(y, 1) + nodeHeight, 'not through the node')
})
