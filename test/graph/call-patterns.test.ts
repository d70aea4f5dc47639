import t from 'tap'
import { toNodeGraph } from '../../src/node-graph/node-graph.ts'
import { builderOf } from '../support/graph/test-graphs.ts'
import type { TestSpan } from '../support/graph/test-spans.ts'

/** Calls of one parent: when each starts, how long it takes, and whether it fails. */
interface Call {
  at: number
  ms?: number
  failed?: boolean
  name?: string
}

const root = (id = 1): TestSpan => ({ id, service: 'web', name: 'GET /', kind: 'server', durationMs: 100 })

/** A request of `web` that makes these calls of a database, or of a service that answers. */
function request(calls: Call[], callee: 'database' | 'service' = 'database'): TestSpan[] {
  const spans = calls.flatMap(({ at, ms = 1, failed, name = 'SELECT' }, index): TestSpan[] => {
    const status = failed ? ('error' as const) : undefined
    const id = 2 * index + 2
    const client: TestSpan = {
      id,
      parent: 1,
      service: 'web',
      name,
      kind: 'client',
      startMs: at,
      durationMs: ms,
      status,
    }
    if (callee === 'database') return [{ ...client, peer: { 'db.system': 'redis' } }]
    // The servers' clocks are apart from each other.
    const startMs = 1000 * (index % 2) + at
    const server = { id: id + 1, parent: id, service: 'cart', name, startMs, durationMs: ms / 2, status }
    return [client, { ...server, kind: 'server' as const }]
  })
  return [root(), ...spans]
}

const times = (count: number, callOf: (index: number) => Call) =>
  Array.from({ length: count }, (_, index) => callOf(index))

/** The pattern of the only edge between services. */
function serviceEdge(...traces: TestSpan[][]) {
  const graph = builderOf(traces, { level: 'service' }).finishServices()
  if (!graph) throw new Error('no service graph')
  const rows = toNodeGraph(graph, { windowSec: 60, tagNodeSubTitle: '' }).edges
  t.equal(rows.length, 1)
  const [edge] = graph.edges
  return { ...edge?.pattern, words: rows[0]?.detail__pattern, mean: rows[0]?.callsPerParent }
}

t.test('siblings that begin decades apart are placed in time to the nanosecond', async (t) => {
  const ms = 0.0001
  const far = request([{ at: 4e10 }, { at: 1.7e12, ms }, { at: 1.7e12, ms }])
  t.match(serviceEdge(far), { followers: 2, overlapping: 1 })
})

t.test('calls are counted by the request that made them', async (t) => {
  const one = request([{ at: 0 }])
  const three = request(times(3, (index) => ({ at: 10 * index })))
  const expected = {
    parents: 2,
    calls: 4,
    maxPerParent: 3,
    p95PerParent: 3,
    overlapping: 0,
    mean: 2,
    words: '',
  }
  t.match(serviceEdge(one, three), expected)
  const answered = [
    request([{ at: 0 }], 'service'),
    request(
      times(3, (i) => ({ at: 10 * i })),
      'service',
    ),
  ]
  t.match(serviceEdge(...answered), expected)
})

t.test('spans between the request and its calls do not split it', async (t) => {
  const calls = request(times(12, (index) => ({ at: index })))
  const items = calls
    .slice(1)
    .map(({ id }): TestSpan => ({ id: id + 1, parent: 1, service: 'web', name: 'item' }))
  const nested = calls.map((span) => (span.id === 1 ? span : { ...span, parent: span.id + 1 }))
  t.match(serviceEdge([...nested, ...items]), { parents: 1, calls: 12 })
  // At the level of operations each item is a parent.
  const { edges } = builderOf([[...nested, ...items]]).finish()
  t.match(
    edges.map(({ pattern }) => [pattern.parents, pattern.calls]),
    [
      [1, 12],
      [12, 12],
    ],
  )
})

t.test('a request of a service to itself is a self call', async (t) => {
  const inner: TestSpan = { ...root(100), parent: 2 }
  const self: TestSpan = { id: 2, parent: 1, service: 'web', name: 'GET', kind: 'client' }
  const query = (id: number, parent: number): TestSpan => ({
    id,
    parent,
    service: 'web',
    name: 'SELECT',
    kind: 'client',
    peer: { 'db.system': 'redis' },
  })
  t.match(serviceEdge([root(), self, inner, query(3, 100), query(4, 1)]), { parents: 2, calls: 2 })
})

t.test('N+1', async (t) => {
  t.test('from 5 calls in the mean', async (t) => {
    const few = request(times(4, (index) => ({ at: 10 * index })))
    const more = request(times(6, (index) => ({ at: 10 * index })))
    t.equal(serviceEdge(few, few).words, '')
    t.equal(serviceEdge(few, more).words, 'N+1: 5 calls per parent, up to 6, one after another')
  })

  t.test('from 10 calls of 5 parents in 100', async (t) => {
    const ones = (count: number) => Array.from({ length: count }, () => request([{ at: 0 }]))
    const ten = request(times(10, (index) => ({ at: 10 * index })))
    t.equal(serviceEdge(...ones(95), ten, ten, ten, ten, ten).words, '')
    const words = 'N+1: 1.54 calls per parent, up to 10, one after another'
    t.equal(serviceEdge(...ones(94), ten, ten, ten, ten, ten, ten).words, words)
  })

  t.test('in parallel where most begin before the ones before have ended', async (t) => {
    const overlapping = request(times(5, () => ({ at: 0 })))
    t.equal(serviceEdge(overlapping).words, 'N+1: 5 calls per parent, up to 5, in parallel')
    const touching = request(times(5, (index) => ({ at: index })))
    t.equal(serviceEdge(touching).words, 'N+1: 5 calls per parent, up to 5, one after another')
    const half = request([0, 0, 0, 1, 2].map((at) => ({ at })))
    t.equal(serviceEdge(half).words, 'N+1: 5 calls per parent, up to 5, half of them in parallel')
    const inTheShade = request([{ at: 0, ms: 90 }, ...times(4, (index) => ({ at: 10 * index + 1 }))])
    t.equal(serviceEdge(inTheShade).words, 'N+1: 5 calls per parent, up to 5, in parallel')
  })

  t.test('in the time of the clients, whose clock is one, whatever the servers say', async (t) => {
    const inTurn = request(
      times(6, (index) => ({ at: 10 * index })),
      'service',
    )
    t.equal(serviceEdge(inTurn).words, 'N+1: 6 calls per parent, up to 6, one after another')
  })

  t.test('with the most calls of one parent within 1 %', async (t) => {
    const sizes = [1000, 2000]
    const traces = sizes.map((size) => request(times(size, (index) => ({ at: index / 100 }))))
    const { p95PerParent = 0, maxPerParent = 0, mean } = serviceEdge(...traces)
    t.equal(mean, 1500)
    t.equal(p95PerParent, maxPerParent)
    t.ok(Math.abs(maxPerParent / 2000 - 1) < 0.01, `${maxPerParent} of 2000`)
  })
})

t.test('retries', async (t) => {
  t.test('start after a call of the same parent has failed and ended', async (t) => {
    const tries = [{ at: 0, failed: true }, { at: 5, failed: true }, { at: 10 }]
    const words = 'retries: 66.7 % of the calls follow a failed one'
    t.match(serviceEdge(request(tries)), { retries: 2, words })
    t.match(serviceEdge(request(tries, 'service')), { retries: 2, words })
  })

  t.test('are one for each failure: later calls are not retries', async (t) => {
    const all = times(30, (index) => ({ at: 10 * index, failed: index === 3 }))
    t.match(serviceEdge(request(all)), {
      retries: 1,
      words:
        'N+1: 30 calls per parent, up to 30, one after another; retries: 3.33 % of the calls follow a failed one',
    })
  })

  t.test('are not calls that started earlier, of another name, or of another parent', async (t) => {
    const hedged = [{ at: 0, ms: 5, failed: true }, { at: 4 }]
    t.match(serviceEdge(request(hedged)), { retries: 0, words: '' })
    const other = [
      { at: 0, failed: true },
      { at: 4, name: 'UPDATE' },
    ]
    t.match(serviceEdge(request(other)), { retries: 0, words: '' })
    t.match(serviceEdge(request([{ at: 0, failed: true }]), request([{ at: 5 }])), { retries: 0 })
  })

  t.test('are not mentioned below 1 % of the calls', async (t) => {
    const single = (count: number) => Array.from({ length: count }, () => request([{ at: 0 }]))
    const retry = request([{ at: 0, failed: true }, { at: 5 }])
    t.match(serviceEdge(retry, ...single(99)), { retries: 1, calls: 101, words: '' })
    t.match(serviceEdge(retry, ...single(98)), {
      retries: 1,
      words: 'retries: 1 % of the calls follow a failed one',
    })
  })
})

t.test('callers that send no spans make no pattern', async (t) => {
  const trace: TestSpan[] = [{ ...root(), peer: { 'peer.service': 'phone' } }]
  t.match(serviceEdge(trace), { parents: 0, calls: 0, mean: null, words: '' })
})

t.test('counts 100,000 children of one parent, half of them failed, in any order', async (t) => {
  const calls = times(100_000, (index) => ({ at: (index * 7919) % 100_000, failed: index % 2 === 0 }))
  const trace = request(calls).map((span) => ({ ...span, name: 'op' }))
  const { edges } = builderOf([
    trace.map((span, at) => ({ ...span, name: at === 0 ? 'GET /' : 'op' })),
  ]).finish()
  // (7919 index) mod 100,000 is even where the index is: failures and successes take turns.
  t.match(edges, [
    { count: 100_000, pattern: { parents: 1, calls: 100_000, overlapping: 0, retries: 50_000 } },
  ])
})

t.test('counts a summary span as its calls, and knows the time of the first one only', async (t) => {
  const [, query] = request([{ at: 0, ms: 90 }])
  const summary = { ...query, id: 50, name: 'SELECT', summaryOf: Array.from({ length: 12 }, () => 3e6) }
  t.match(serviceEdge([root(), summary]), {
    parents: 1,
    calls: 12,
    maxPerParent: 12,
    words: 'N+1: 12 calls per parent, up to 12',
  })
  const late: TestSpan = { ...summary, id: 52, startMs: 95, durationMs: 1, summaryOf: undefined }
  t.match(serviceEdge([root(), summary, late]), {
    calls: 13,
    words: 'N+1: 13 calls per parent, up to 13, one after another',
  })
})
