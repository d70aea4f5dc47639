import fc from 'fast-check'
import t from 'tap'
import { StringTable } from '../../src/graph/columns/string-table.ts'
import type { Graph } from '../../src/graph/graph.ts'
import { GraphBuilder } from '../../src/graph/graph-builder.ts'
import { builderOf } from '../support/graph/test-graphs.ts'
import { arbitraryTraces, spanTable, type TestSpan } from '../support/graph/test-spans.ts'
import { holds } from '../support/property.ts'

const grouped = { level: 'both', hasGroups: true } as const
const groupsOf = ({ nodes }: Graph) => nodes.map(({ title, group }) => `${title} ${group}`)

t.test('the most frequent value among the spans of a node is its group', async (t) => {
  const builder = builderOf(
    [
      [
        { id: 1, service: 'web', name: 'op', group: 'shop' },
        { id: 2, parent: 1, service: 'web', name: 'op', group: 'shop' },
        { id: 3, parent: 1, service: 'web', name: 'op', group: 'other' },
        { id: 4, parent: 1, service: 'pay', name: 'op' },
      ],
    ],
    grouped,
  )
  t.same(groupsOf(builder.finish()), ['pay undefined', 'web shop'])
  t.same(groupsOf(builder.finishServices() as Graph), ['pay undefined', 'web shop'])
})

t.test('of two values that are equally frequent the first in the order of text is the group', async (t) => {
  const trace = (group: string): TestSpan[] => [{ id: 1, service: 'web', name: 'op', group }]
  for (const traces of [
    [trace('b'), trace('a')],
    [trace('a'), trace('b')],
  ]) {
    t.same(groupsOf(builderOf(traces, grouped).finish()), ['web a'])
  }
})

t.test('a span that repeats another one does not count', async (t) => {
  const span = (id: number, group: string): TestSpan => ({ id, service: 'web', name: 'op', group })
  const graph = builderOf([[span(1, 'b'), span(1, 'b'), span(1, 'b'), span(2, 'a')]], grouped).finish()
  t.same(groupsOf(graph), ['web a'])
})

t.test('operations that are folded have the group of most of their spans', async (t) => {
  const span = (id: number, name: string, group: string): TestSpan => ({ id, service: 'web', name, group })
  const trace = [
    span(1, 'a', 'x'),
    span(2, 'a', 'x'),
    span(3, 'b', 'y'),
    span(4, 'c', 'z'),
    span(5, 'd', 'z'),
  ]
  const graph = builderOf([trace], { ...grouped, maxNodes: 1 }).finish()
  t.same(
    graph.nodes.map(({ operation, group }) => `${operation} ${group}`),
    ['a x', 'other z'],
  )
})

/** Some spans of each trace have a group. */
const groupedTraces = arbitraryTraces.chain((traces) =>
  fc.tuple(
    ...traces.map((spans) =>
      fc.tuple(
        ...spans.map((span) =>
          fc.constantFrom<string | undefined>(undefined, 'a', 'b', 'c').map((group) => ({ ...span, group })),
        ),
      ),
    ),
  ),
)

const bytesOf = (builder: GraphBuilder) => JSON.stringify([builder.finish(), builder.finishServices()])

t.test('order, merging and removal do not change groups', async (t) => {
  const property = fc.property(groupedTraces, (traces) => {
    const ids = traces.map((_, index) => index + 1)
    const whole = bytesOf(builderOf(traces, grouped))
    const reversed = bytesOf(builderOf([...traces].reverse(), grouped, [...ids].reverse()))
    const merged = new GraphBuilder({ strings: new StringTable(), slowThresholdMs: 40, ...grouped })
    for (const [index, trace] of traces.entries()) {
      merged.merge(builderOf([[...trace].reverse()], grouped, [index + 1]))
    }
    const removed = builderOf(traces, grouped)
    const extra: TestSpan[] = [{ id: 1, service: 'shop', name: 'get', group: 'z', durationMs: 0 }]
    removed.add(spanTable(removed.strings, 999, extra))
    removed.remove(spanTable(removed.strings, 999, extra))
    const groups = (json: string) =>
      (JSON.parse(json) as Graph[]).map(({ nodes }) => nodes.map(({ title, group }) => [title, group]))
    return (
      whole === reversed &&
      whole === bytesOf(merged) &&
      JSON.stringify(groups(whole)) === JSON.stringify(groups(bytesOf(removed)))
    )
  })
  holds(t, property, 200)
})
