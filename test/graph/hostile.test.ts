import t from 'tap'
import { PairIndex } from '../../src/graph/columns/hash-index.ts'
import { StringTable } from '../../src/graph/columns/string-table.ts'
import type { Graph } from '../../src/graph/graph.ts'
import { GraphBuilder, type GraphBuilderOptions } from '../../src/graph/graph-builder.ts'
import { MessageFlag } from '../../src/graph/messages/message-columns.ts'
import { idOf, Messages } from '../../src/graph/messages/messages.ts'
import { MessageAction } from '../../src/graph/spans/message-action.ts'
import { SpanKind, SpanTable } from '../../src/graph/spans/span-table.ts'
import { toNodeGraph } from '../../src/node-graph/node-graph.ts'
import { builderOf } from '../support/graph/test-graphs.ts'
import { spanTable, type TestSpan } from '../support/graph/test-spans.ts'

interface Row {
  id: number
  parent: number
  name: number
  service: number
  startHi?: number
  durationNs?: number
}

/** A trace of so many spans without an object for each to be kept. */
function traceOf(
  strings: StringTable,
  traceId: number,
  rows: number,
  rowOf: (index: number) => Row,
): SpanTable {
  const table = new SpanTable(strings)
  table.traceId[3] = traceId
  for (let index = 0; index < rows; index++) {
    const { id, parent, name, service, startHi = 0, durationNs = 1000 } = rowOf(index)
    const row = table.addRow()
    table.spanIdLo[row] = id
    table.parentIdLo[row] = parent
    table.name[row] = name
    table.service[row] = service
    table.startHi[row] = startHi
    table.durationNs[row] = durationNs
    table.kind[row] = SpanKind.internal
  }
  return table
}

function newBuilder(options: Partial<GraphBuilderOptions> = {}) {
  const builder = new GraphBuilder({
    strings: new StringTable(),
    slowThresholdMs: 40,
    level: 'both',
    ...options,
  })
  const [shop, cart, op] = ['shop', 'cart', 'op'].map((text) => builder.strings.internText(text))
  return { builder, shop: shop ?? 0, cart: cart ?? 0, op: op ?? 0 }
}

const servicesOf = (builder: GraphBuilder): Graph => builder.finishServices() ?? builder.finish()
const sum = (rows: { count: number }[]) => rows.reduce((total, { count }) => total + count, 0)

/** Checks what must hold for every graph, whatever its input. */
function isSound(graph: Graph): boolean {
  const { nodes, edges } = toNodeGraph(graph, { windowSec: 60, tagNodeSubTitle: '' })
  const cells = [...nodes, ...edges].flatMap((row): unknown[] => Object.values(row))
  const numbers = cells.filter((cell) => typeof cell === 'number')
  const { counted, edgeCalls, selfCalls, roots, orphans, cycles } = graph.spans
  return (
    numbers.every((value) => Number.isFinite(value) && value >= 0) &&
    new Set(nodes.map(({ id }) => id)).size === nodes.length &&
    counted === edgeCalls + selfCalls + roots + orphans + cycles
  )
}

t.test('a trace of 100,000 spans, each the child of the one before: no recursion runs out', async (t) => {
  const { builder, shop, cart, op } = newBuilder()
  builder.add(
    traceOf(builder.strings, 1, 100_000, (index) => ({
      id: index + 1,
      parent: index,
      name: op,
      service: index % 2 === 0 ? shop : cart,
      durationNs: 1e6 - index,
    })),
  )
  const [operations, services] = [builder.finish(), servicesOf(builder)]
  t.same(
    operations.edges.map(({ count }) => count),
    [49_999, 50_000],
  )
  t.same(
    services.edges.map(({ count }) => count),
    [49_999, 50_000],
  )
  t.equal(operations.spans.roots, 1)
  t.ok(isSound(operations) && isSound(services))
})

t.test('one parent with 100,000 children', async (t) => {
  const { builder, shop, cart, op } = newBuilder()
  builder.add(
    traceOf(builder.strings, 1, 100_001, (index) => ({
      id: index + 1,
      parent: index === 0 ? 0 : 1,
      name: op,
      service: index === 0 ? shop : cart,
      durationNs: index === 0 ? 1e9 : index,
    })),
  )
  for (const graph of [builder.finish(), servicesOf(builder)]) {
    t.same(
      graph.edges.map(({ count }) => count),
      [100_000],
    )
    t.match(graph.edges[0]?.pattern, { parents: 1, calls: 100_000 })
    t.ok(isSound(graph))
  }
})

t.test('10,000 spans without a service in a chain, and a cycle of 10,000', async (t) => {
  const { builder, shop, cart, op } = newBuilder()
  const last = 10_001
  builder.add(
    traceOf(builder.strings, 1, last + 1, (index) => ({
      id: index + 1,
      parent: index,
      name: op,
      service: index === 0 ? shop : index === last ? cart : 0,
    })),
  )
  builder.add(
    traceOf(builder.strings, 2, 10_000, (index) => ({
      id: index + 1,
      parent: index === 0 ? 10_000 : index,
      name: op,
      service: shop,
    })),
  )
  for (const graph of [builder.finish(), servicesOf(builder)]) {
    t.same(
      graph.edges.map(({ count }) => count),
      [1],
    )
    t.ok(isSound(graph))
  }
  t.equal(builder.finish().spans.withoutService, 10_000)
  t.equal(builder.finish().spans.cycles, 1)
  t.equal(servicesOf(builder).spans.cycles, 10_000)
})

t.test('a million spans of one name take no more memory than ten thousand', async (t) => {
  const { builder, shop, op } = newBuilder({ level: 'operation' })
  const bytes = () => process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed
  let before = 0
  for (let trace = 1; trace <= 1000; trace++) {
    builder.add(
      traceOf(builder.strings, trace, 1000, (index) => ({
        id: index + 1,
        parent: index === 0 ? 0 : 1,
        name: op,
        service: shop,
        durationNs: trace * index,
      })),
    )
    if (trace === 10) before = bytes()
  }
  t.match(builder.finish().nodes, [{ count: 1_000_000, selfCalls: 999_000 }])
  t.ok(bytes() - before < 200e6, `${Math.round((bytes() - before) / 1e6)} MB more, garbage included`)
})

t.test('50,000 span names: the least called are one node, and nothing is lost', async (t) => {
  const { builder, shop, cart } = newBuilder({ maxNodes: 1000 })
  const { strings } = builder
  for (let index = 0; index < 50_000; index++) {
    const [root, child] = [strings.internText('GET /'), strings.internText(`GET /items/${index}`)]
    builder.add(
      traceOf(strings, index + 1, index < 100 ? 3 : 2, (row) => ({
        id: row + 1,
        parent: row === 0 ? 0 : 1,
        name: row === 0 ? root : child,
        service: row === 0 ? shop : cart,
      })),
    )
  }
  const graph = builder.finish()
  // Nodes are limited during the read too: 10,000, and 1000 stay.
  t.equal(graph.nodes.length, 1001)
  t.same(graph.foldings, [{ kind: 'operations', folded: 9000, total: 10_000, overflowCalls: 40_001 }])
  const other = graph.nodes.find(({ role }) => role === 'other')
  t.match(other, { title: 'cart', operation: 'other', count: 49_001, meanNs: 1000 })
  t.equal(sum(graph.nodes), graph.spans.counted)
  t.equal(sum(graph.edges) + graph.nodes.reduce((total, node) => total + node.selfCalls, 0), 50_100)
  t.same(graph.nodes.filter(({ count }) => count === 2).length, 100, 'those called more than once stay')
  t.ok(isSound(graph))
  t.match(servicesOf(builder), { nodes: { length: 2 }, foldings: [] })
})

t.test('folding depends on counts and names, not on order or slices', async (t) => {
  const traces = Array.from({ length: 40 }, (_, index): TestSpan[] => [
    { id: 1, service: 'shop', name: 'GET /', tag: `t${index % 12}` },
    {
      id: 2,
      parent: 1,
      service: `s${index % 9}`,
      name: `n${(index * 7) % 23}`,
      durationMs: index,
      status: index % 5 ? 'ok' : 'error',
    },
    { id: 3, parent: 2, service: `s${index % 9}`, name: `m${index % 11}`, durationMs: index / 2 },
  ])
  const options = { maxNodes: 8, level: 'both', isTagNode: () => true } as const
  const ids = traces.map((_, index) => index + 1)
  const bytesOf = (builder: GraphBuilder) => JSON.stringify([builder.finish(), servicesOf(builder)])
  const whole = builderOf(traces, options, ids)
  const merged = builderOf([...traces.slice(25)].reverse(), options, [...ids.slice(25)].reverse())
  merged.merge(builderOf(traces.slice(0, 25), options, ids.slice(0, 25)))
  t.equal(bytesOf(merged), bytesOf(whole))
  const all = builderOf(traces, { ...options, maxNodes: 1000 }, ids)
  for (const [graph, unfolded] of [
    [whole.finish(), all.finish()],
    [servicesOf(whole), servicesOf(all)],
  ] as const) {
    const figures = ({ nodes, edges }: Graph) => {
      const own = nodes.filter(({ role, folds }) => role !== 'tag' && folds !== 'tag values')
      const total = (key: 'count' | 'failed' | 'slow' | 'selfCalls' | 'criticalPathNs') =>
        own.reduce((value, node) => value + node[key], 0)
      return {
        ...{ count: total('count'), failed: total('failed'), slow: total('slow') },
        calls: sum(edges) + total('selfCalls'),
        path: total('criticalPathNs'),
      }
    }
    t.same(figures(graph), figures(unfolded))
    t.ok(isSound(graph))
  }
  t.same(
    servicesOf(whole)
      .nodes.filter(({ role }) => role === 'other')
      .map(({ folds }) => folds),
    ['services', 'tag values'],
  )
})

t.test('a span named other is not a folded node', async (t) => {
  const traces = Array.from({ length: 4 }, (_, index): TestSpan[] => [
    { id: 1, service: 'shop', name: index < 2 ? 'other' : `n${index}` },
  ])
  const { nodes } = toNodeGraph(builderOf(traces, { maxNodes: 1 }).finish(), {
    windowSec: 60,
    tagNodeSubTitle: '',
  })
  t.match(nodes, [
    { title: 'shop', subTitle: 'other', detail__role: 'operation', mainStat: 2 },
    {
      title: 'shop',
      subTitle: 'other',
      detail__role: 'other',
      traceql: '{ resource.service.name = "shop" }',
    },
  ])
  t.not(nodes[0]?.id, nodes[1]?.id)
})

t.test('names beyond the limit share one index, and the table stops growing', async (t) => {
  const strings = new StringTable(10)
  const encoder = new TextEncoder()
  const intern = (text: string) => strings.internName(encoder.encode(text), 0, encoder.encode(text).length)
  const numbers = Array.from({ length: 1000 }, (_, index) => intern(`name ${index}`))
  t.equal(strings.size, 11)
  t.same(new Set(numbers.slice(10)), new Set([-1]))
  t.equal(intern('name 3'), numbers[3])
  t.ok(strings.internText('a service') > 0, 'a service finds room')
  t.equal(strings.text(-1), 'other')
})

t.test('50,000 peers: the least called are one', async (t) => {
  const traces = Array.from({ length: 5000 }, (_, index): TestSpan[] => [
    {
      id: 1,
      service: 'shop',
      name: 'op',
      kind: 'client',
      peer: { 'server.address': `host-${index % 4000}` },
    },
  ])
  const graph = servicesOf(builderOf(traces, { maxNodes: 100, level: 'service' }))
  t.equal(graph.nodes.length, 101)
  t.match(
    graph.nodes.find(({ role }) => role === 'other'),
    { title: 'other', count: 4802 },
  )
  t.equal(sum(graph.edges), 5000)
  t.ok(isSound(graph))
})

t.test('messages beyond the limit are counted and have no way', async (t) => {
  const messages = new Messages(new PairIndex(), 10)
  const spans = spanTable(new StringTable(), 1, [
    { id: 7, service: 'shop', name: 'send', kind: 'producer' },
    ...Array.from(
      { length: 10_000 },
      (_, index): TestSpan => ({ id: index + 9, service: 'mail', name: 'get', kind: 'consumer' }),
    ),
  ])
  const broker = { node: -1, rank: 0 }
  const sender = { node: 0, broker, failed: false, action: MessageAction.send }
  const receiver = { node: 1, broker, failed: false, action: MessageAction.process }
  const receive = (row: number, sign: 1 | -1) =>
    messages.addReceiver(spans, row, receiver, idOf(spans, 0), MessageFlag.linked, sign)
  for (let row = 1; row <= 10_000; row++) {
    messages.addSender(spans, 0, sender, false, 1)
    receive(row, 1)
  }
  const { calls, dropped } = messages.route()
  t.equal(calls.length, 10)
  t.equal(dropped, 2 * 9990)
  receive(10_000, -1)
  t.equal(messages.route().dropped, 2 * 9990 - 1)
})

t.test('10,000 consumers linked to one producer', async (t) => {
  const sent: TestSpan[] = [{ id: 7, service: 'shop', name: 'send', kind: 'producer' }]
  const received = Array.from(
    { length: 10_000 },
    (_, index): TestSpan => ({ id: index + 1, service: 'mail', name: 'get', kind: 'consumer', link: [1, 7] }),
  )
  t.match(servicesOf(builderOf([sent, received], { level: 'service' })).edges, [{ count: 10_000 }])
})

t.test('no time at all, years, 1970 and 2200', async (t) => {
  const { builder, shop, cart, op } = newBuilder()
  const yearNs = 365.25 * 86_400e9
  // 2200-01-01 is 7.26e18 ns after 1970: over 2^62.
  const year2200 = Math.floor((230 * yearNs) / 2 ** 32)
  for (const [at, startHi] of [0, year2200, 2 ** 32 - 1].entries()) {
    for (const [of, durationNs] of [0, 3 * yearNs, 2 ** 64].entries()) {
      builder.add(
        traceOf(builder.strings, at * 3 + of + 1, 2, (index) => ({
          id: index + 1,
          parent: index,
          name: op,
          service: index === 0 ? shop : cart,
          startHi,
          durationNs,
        })),
      )
    }
  }
  for (const graph of [builder.finish(), servicesOf(builder)]) {
    t.match(graph.edges, [{ count: 9, failed: 0, slow: 6 }])
    t.ok(isSound(graph))
  }
})

t.test('one consumer of 50,000 messages, and 50,000 spans that process what one received', async (t) => {
  const links = Array.from({ length: 50_000 }, (_, index): [number, number] => [1, index + 1])
  const batch: TestSpan = { id: 1, service: 'mail', name: 'poll', kind: 'consumer', links }
  const read = (spans: TestSpan[]) => servicesOf(builderOf([spans], { level: 'service' }))
  t.match(read([{ ...batch, peer: { 'messaging.destination.name': 'q' } }]).edges, [{ count: 50_000 }])
  const processing = links.map(
    ([trace, id]): TestSpan => ({
      id: id + 1,
      parent: 1,
      service: 'mail',
      name: 'process',
      kind: 'consumer',
      link: [trace, id],
      peer: { 'messaging.destination.name': 'q' },
    }),
  )
  const graph = read([batch, ...processing])
  t.match(graph.edges, [{ count: 50_000 }])
  t.match(
    graph.nodes.find(({ title }) => title === 'mail'),
    { count: 50_000 },
  )
})

t.test('a chain of 50,000 spans of one service with a consumer at every second', async (t) => {
  const chain = Array.from(
    { length: 50_000 },
    (_, index): TestSpan => ({
      id: index + 1,
      parent: index || undefined,
      service: 'mail',
      name: 'op',
      kind: index % 2 === 0 && index > 25_000 ? 'consumer' : 'internal',
    }),
  )
  const fan = Array.from(
    { length: 25_000 },
    (_, index): TestSpan => ({
      id: 100_000 + index,
      parent: 25_000,
      service: 'mail',
      name: 'op',
      kind: 'consumer',
    }),
  )
  t.equal(servicesOf(builderOf([[...chain, ...fan]], { level: 'service' })).spans.counted, 75_000)
})
