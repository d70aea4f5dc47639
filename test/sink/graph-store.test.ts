import t from 'tap'
import { createGraphStore } from '../../src/sink/graph-store.ts'
import { createWriteQueue } from '../../src/sink/write-queue.ts'
import { sinkContract } from './contract.ts'
import { graphDocument } from './documents.ts'

const never = new AbortController().signal

sinkContract(t, 'embedded store', async () => {
  const store = createGraphStore()
  return {
    sink: store,
    async read(name) {
      const edges = store.get(name)?.edges ?? []
      if (edges.length === 0) return null
      return Object.fromEntries(edges.map(({ source, target, count }) => [`${source} -> ${target}`, count]))
    },
    end: async () => {},
  }
})

t.test('the store hands out the very document it was given', async (t) => {
  const store = createGraphStore()
  const document = graphDocument('micro', { calls: { 'a -> b': 1 } })
  await store.replace(document, never)
  t.equal(store.get('micro'), document)
  t.equal(store.get('other'), undefined)
})

t.test('the store lists graphs by name', async (t) => {
  const store = createGraphStore()
  for (const name of ['shop', 'a_b', 'micro'])
    await store.replace(graphDocument(name, { nodes: ['x'] }), never)
  t.same(
    store.list().map(({ name }) => name),
    ['a_b', 'micro', 'shop'],
  )
})

t.test('a cleared graph is still there, empty, with its summary', async (t) => {
  const store = createGraphStore()
  await store.replace(graphDocument('micro', { calls: { 'a -> b': 1 } }), never)
  await store.replace(graphDocument('micro', {}), never)
  t.match(store.get('micro'), { nodes: [], edges: [], summary: { status: 'empty' } })
  await store.remove('micro', never)
  t.equal(store.get('micro'), undefined)
})

/** A task that the test ends by hand. */
function gate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}

t.test('the queue runs tasks of one key in order, and others beside them up to its limit', async (t) => {
  const queue = createWriteQueue(2)
  const begun: string[] = []
  const first = gate()
  const second = gate()
  const runs = [
    queue.run('a', never, async () => {
      begun.push('a1')
      await first.opened
    }),
    queue.run('a', never, async () => begun.push('a2')),
    queue.run('b', never, async () => {
      begun.push('b1')
      await second.opened
    }),
    queue.run('c', never, async () => begun.push('c1')),
  ]
  await new Promise(setImmediate)
  t.same(begun, ['a1', 'b1'])
  second.open()
  await runs[3]
  t.same(begun, ['a1', 'b1', 'c1'])
  first.open()
  await queue.idle()
  t.same(begun, ['a1', 'b1', 'c1', 'a2'])
})

t.test('a task that fails, or whose caller leaves while it waits, does not hold up the next', async (t) => {
  const queue = createWriteQueue(1)
  const first = gate()
  const caller = new AbortController()
  const done: string[] = []
  const failing = queue.run('a', never, async () => {
    await first.opened
    throw new Error('first failed')
  })
  const leaving = queue.run('a', caller.signal, async () => done.push('never'))
  const last = queue.run('a', never, async () => done.push('last'))
  caller.abort(new Error('gone'))
  await t.rejects(leaving, { message: 'gone' }, 'at once, while the first still runs')
  first.open()
  await t.rejects(failing, { message: 'first failed' })
  await last
  t.same(done, ['last'])
})
