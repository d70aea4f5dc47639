import t from 'tap'
import { StringTable } from '../../src/graph/columns/string-table.ts'
import type { Graph } from '../../src/graph/graph.ts'
import { builderOf } from '../support/graph/test-graphs.ts'
import type { TestSpan } from '../support/graph/test-spans.ts'

const to = (name: string) => ({ peer: { 'server.address': name } })
const topic = (name: string) => ({ peer: { 'messaging.destination.name': name } })

/** A request with a tag, tries of a call, a call that is answered, and a message whose sender shares its id. */
function request(at: number, traceId: number): TestSpan[] {
  const id = at * 10
  const tag = `tag ${at}`
  return [
    { id: id + 1, service: 'shop', name: 'op', kind: 'server', tag },
    { id: id + 2, parent: id + 1, service: 'shop', name: 'op', kind: 'client', tag, ...to(`lb ${at}`) },
    { id: id + 3, parent: id + 2, service: 'shop', name: 'op', kind: 'client', ...to(`lb ${at}`) },
    { id: id + 4, parent: id + 2, service: 'shop', name: 'op', kind: 'client', ...to(`lb ${at}`) },
    { id: id + 5, parent: id + 1, service: 'shop', name: `step ${at}`, kind: 'client' },
    { id: id + 6, parent: id + 5, service: `cart ${at}`, name: 'op', kind: 'server', status: 'error' },
    { id: id + 7, service: 'edge', name: 'op', kind: 'client', ...topic('old') },
    { id: id + 7, service: 'mail', name: 'op', kind: 'producer', ...topic(`q ${at}`) },
    { id: id + 8, service: 'sink', name: 'op', kind: 'consumer', link: [traceId, id + 7] },
  ]
}

/** The calls that a request gives and that no other gives, counted by hand. */
const callsOf = (at: number) => [
  `operation shop op > operation shop step ${at}: 1`,
  `operation shop step ${at} > operation cart ${at} op: 1`,
  `tag tag ${at}  > operation shop op: 1`,
  `tag tag ${at}  > operation edge op: 1`,
  `tag tag ${at}  > operation mail op: 1`,
  `tag tag ${at}  > operation sink op: 1`,
  `service shop  > external lb ${at} : 2`,
  `service shop  > service cart ${at} : 1`,
  `service mail  > messaging q ${at} : 1`,
  `messaging q ${at}  > service sink : 1`,
  `tag tag ${at}  > service shop : 1`,
  `tag tag ${at}  > service edge : 1`,
  `tag tag ${at}  > service mail : 1`,
]

function callsIn({ nodes, edges }: Graph): string[] {
  const nameOf = (at: number) => `${nodes[at]?.role} ${nodes[at]?.title} ${nodes[at]?.operation}`
  return edges.map(({ source, target, count }) => `${nameOf(source)} > ${nameOf(target)}: ${count}`)
}

t.test('counts every request beyond the first size of each column, in one trace or in many', async (t) => {
  const requests = Array.from({ length: 80 }, (_, index) => index + 1)
  const inMany = requests.map((at) => request(at, at))
  const inOne = [requests.flatMap((at) => request(at, 1))]
  for (const traces of [inMany, inOne]) {
    const strings = new StringTable()
    // Columns with a row for each string begin larger than those with a row for each span.
    for (let at = 0; at < 1100; at++) strings.internText(`other ${at}`)
    const builder = builderOf(traces, { level: 'both', isTagNode: () => true, strings })
    const graphs = [builder.finish(), builder.finishServices()]
    const calls = new Set(graphs.flatMap((graph) => (graph ? callsIn(graph) : [])))
    t.same(
      requests.flatMap(callsOf).filter((line) => !calls.has(line)),
      [],
    )
  }
})
