import type { Test } from 'tap'
import type { GraphSink } from '../../src/sinks/graph-sink.ts'
import { graphDocument } from '../support/graph-documents.ts'

/** A sink under test, and a way to look at what a reader gets from it. */
export interface SinkUnderTest {
  sink: GraphSink
  /** Calls by caller and callee, or null when a reader finds nothing to draw. */
  read(graphName: string): Promise<Record<string, number> | null>
  end(): Promise<void>
}

const never = new AbortController().signal

/** The contract of every sink. */
export function sinkContract(t: Test, name: string, create: () => Promise<SinkUnderTest>): void {
  const test = (title: string, body: (t: Test, under: SinkUnderTest) => Promise<void>) =>
    t.test(`${name}: ${title}`, async (t) => {
      const under = await create()
      t.teardown(() => under.end())
      await body(t, under)
    })

  test('returns a stored graph', async (t, { sink, read }) => {
    const report = await sink.replace(graphDocument('micro', { calls: { 'a -> b': 3, 'b -> c': 4 } }), never)
    t.match(report, { sink: sink.name, state: 'stored', verified: true, attempts: 1, isolatedNodes: 0 })
    t.equal(report.reason, undefined)
    t.same(await read('micro'), { 'a -> b': 3, 'b -> c': 4 })
  })

  test('replaces a graph as a whole', async (t, { sink, read }) => {
    await sink.replace(graphDocument('micro', { calls: { 'a -> b': 3, 'b -> c': 4 } }), never)
    await sink.replace(graphDocument('micro', { calls: { 'b -> a': 5 } }), never)
    t.same(await read('micro'), { 'b -> a': 5 })
  })

  test('keeps graphs of different names apart', async (t, { sink, read }) => {
    await sink.replace(graphDocument('one', { calls: { 'a -> b': 1 } }), never)
    await sink.replace(graphDocument('two', { calls: { 'a -> b': 2 } }), never)
    await sink.remove('one', never)
    t.same(await read('one'), null)
    t.same(await read('two'), { 'a -> b': 2 })
  })

  test('clears the graph for a document without nodes, also twice', async (t, { sink, read }) => {
    await sink.replace(graphDocument('micro', { calls: { 'a -> b': 3 } }), never)
    for (const _ of [1, 2]) {
      const report = await sink.replace(graphDocument('micro', {}), never)
      t.match(report, { state: 'cleared', verified: true, warnings: [] })
      t.same(await read('micro'), null)
    }
  })

  test('removes an unknown graph without an error', async (t, { sink, read }) => {
    await sink.remove('nobody', never)
    t.same(await read('nobody'), null)
  })

  test('keeps the last of several concurrent writes', async (t, { sink, read }) => {
    const reports = await Promise.all(
      [1, 2, 3, 4, 5, 6].map((count) =>
        sink.replace(graphDocument('micro', { calls: { 'a -> b': count, 'a -> c': count } }), never),
      ),
    )
    t.same(
      reports.map(({ state, attempts }) => `${state} ${attempts}`),
      Array(6).fill('stored 1'),
    )
    t.same(await read('micro'), { 'a -> b': 6, 'a -> c': 6 })
  })

  test('changes nothing when the signal aborts before the write', async (t, { sink, read }) => {
    await sink.replace(graphDocument('micro', { calls: { 'a -> b': 3 } }), never)
    const gone = AbortSignal.abort(new Error('caller has gone'))
    await t.rejects(sink.replace(graphDocument('micro', { calls: { 'a -> b': 9 } }), gone), {
      message: 'caller has gone',
    })
    await t.rejects(sink.remove('micro', gone), { message: 'caller has gone' })
    t.same(await read('micro'), { 'a -> b': 3 })
  })

  test('passes its check, and can be closed twice', async (_t, { sink }) => {
    await sink.check(never)
    await sink.close()
    await sink.close()
  })
}
