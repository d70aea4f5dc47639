import fc from 'fast-check'
import t from 'tap'
import { builderOf, hexTraceId } from '../support/graph/test-graphs.ts'
import { spanTable, type TestSpan } from '../support/graph/test-spans.ts'
import { holds } from '../support/property.ts'

const now = 1_700_000_000_000

/** A call of `jobs` by `web`. @param earlyMs how much earlier than its client the server starts */
function call(earlyMs: number, client: Partial<TestSpan> = {}, server: Partial<TestSpan> = {}): TestSpan[] {
  return [
    { id: 1, service: 'web', name: 'POST', kind: 'client', startMs: now, durationMs: 200, ...client },
    { id: 2, parent: 1, service: 'jobs', name: 'job', kind: 'server', startMs: now - earlyMs, ...server },
  ]
}
const builder = (traces: TestSpan[][]) => builderOf(traces, { level: 'both' })
const offsetOf = (built: ReturnType<typeof builder>) => built.finishServices()?.edges[0]?.clockOffset

t.test('counts calls in which the server starts before its client', async (t) => {
  const offset = offsetOf(builder([call(-1), call(61), call(0), call(20), call(30)]))
  t.match(offset, { calls: 5, early: 3, traceId: hexTraceId(5) })
  t.ok(Math.abs((offset?.medianNs ?? 0) - 30e6) < 0.01 * 30e6, `${offset?.medianNs}`)
  t.equal(offsetOf(builder([call(-1), call(0)])), undefined)
})

t.test('compares only a client with the server that answered it', async (t) => {
  const none: TestSpan[][] = [
    call(9, { kind: 'producer' }, { kind: 'consumer' }),
    call(9, { kind: 'internal' }),
    call(9, {}, { kind: 'internal' }),
    call(9, {}, { service: 'web' }),
    call(9, { skewed: true }),
    call(9, {}, { summaryOf: [1, 2] }),
    call(9, { startMs: 0 }),
  ]
  for (const spans of none) t.equal(offsetOf(builder([spans])), undefined, JSON.stringify(spans))
  t.ok(
    builder([call(9)])
      .finish()
      .edges.every(({ clockOffset }) => clockOffset === undefined),
  )
})

t.test('sees through spans without a service, and takes the innermost of nested clients', async (t) => {
  const [client, server] = call(5) as [TestSpan, TestSpan]
  const proxy: TestSpan = { id: 3, parent: 1, name: 'mesh', startMs: now }
  t.match(offsetOf(builder([[client, proxy, { ...server, parent: 3 }]])), { calls: 1, early: 1 })
  const inner: TestSpan = { ...client, id: 4, parent: 1, startMs: now + 2 }
  const offset = offsetOf(builder([[client, inner, { ...server, parent: 4 }]]))
  t.ok(Math.abs((offset?.medianNs ?? 0) - 7e6) < 0.01 * 7e6)
})

t.test('builders merge, and a removed trace takes its offset with it', async (t) => {
  const offsets = fc.array(fc.integer({ min: -50, max: 50 }), { maxLength: 30 })
  const same = fc.property(offsets, offsets, fc.nat(60), (kept, taken, at) => {
    const traces = [...kept, ...taken].map((ms) => call(ms))
    const ids = [...traces.keys()].map((index) => index + 1)
    const options = { level: 'both' } as const
    const merged = builderOf(traces.slice(0, at), options, ids.slice(0, at))
    merged.merge(builderOf(traces.slice(at), options, ids.slice(at)))
    const bytes = (built: typeof merged, traceId = true) => {
      const offset = offsetOf(built)
      return JSON.stringify(offset && (traceId ? offset : { ...offset, traceId: null }))
    }
    if (bytes(merged) !== bytes(builder(traces))) return false
    for (const [index, spans] of taken.map((ms) => call(ms)).entries())
      merged.remove(spanTable(merged.strings, kept.length + index + 1, spans))
    return bytes(merged, false) === bytes(builder(kept.map((ms) => call(ms))), false)
  })
  holds(t, same, 200)
})
