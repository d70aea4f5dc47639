import fc from 'fast-check'
import t from 'tap'
import { createKeyedQueue } from '../../src/base/keyed-queue.ts'

const never = new AbortController().signal

function gate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}

t.test('runs work of one key in order, and other work concurrently within the limit', async (t) => {
  const queue = createKeyedQueue(2)
  const started: string[] = []
  const first = gate()
  const second = gate()
  const work = (name: string, until?: Promise<void>) => async () => {
    started.push(name)
    await until
  }
  const runs = [
    queue.run({ keys: ['a'], signal: never }, work('a1', first.opened)),
    queue.run({ keys: ['a'], signal: never }, work('a2')),
    queue.run({ keys: ['b'], signal: never }, work('b1', second.opened)),
    queue.run({ keys: ['c'], signal: never }, work('c1')),
  ]
  t.same(started, ['a1', 'b1'], 'started before run returns')
  t.equal(queue.waiting, 2)
  await queue.run({ keys: [], signal: never, takesPlace: false }, work('placeless'))
  t.same(started, ['a1', 'b1', 'placeless'])
  second.open()
  await runs[3]
  t.same(started, ['a1', 'b1', 'placeless', 'c1'])
  first.open()
  await queue.idle()
  t.same(started, ['a1', 'b1', 'placeless', 'c1', 'a2'])
})

t.test('work that fails, or is aborted while it waits, does not block the next', async (t) => {
  const queue = createKeyedQueue(1)
  const first = gate()
  const caller = new AbortController()
  const done: string[] = []
  const failing = queue.run({ keys: ['a'], signal: never }, async () => {
    await first.opened
    throw new Error('first failed')
  })
  const leaving = queue.run({ keys: ['a'], signal: caller.signal }, async () => done.push('never'))
  const last = queue.run({ keys: ['a'], signal: never }, async () => done.push('last'))
  caller.abort(new Error('gone'))
  await t.rejects(leaving, { message: 'gone' }, 'at once, while the first still runs')
  await t.rejects(
    queue.run({ keys: [], signal: caller.signal }, async () => done.push('never')),
    { message: 'gone' },
  )
  first.open()
  await t.rejects(failing, { message: 'first failed' })
  await last
  t.same(done, ['last'])
})

t.test('keeps the limit, exclusive keys and the order of each key for every sequence of calls', async (t) => {
  const key = fc.constantFrom('a', 'b', 'c')
  const step = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('run'), keys: fc.uniqueArray(key, { maxLength: 2 }) }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('end'), which: fc.nat(9) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('leave'), which: fc.nat(9) }) },
  )
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.array(step, { maxLength: 40 }),
      async (places, steps) => {
        const queue = createKeyedQueue(places)
        const all: {
          keys: string[]
          state: string
          end: () => void
          caller: AbortController
          run: Promise<unknown>
        }[] = []
        const startedByKey = new Map<string, number[]>()
        const check = () => {
          const running = all.filter(({ state }) => state === 'running')
          if (running.length > places) throw new Error('more than there are places')
          const held = running.flatMap(({ keys }) => keys)
          if (new Set(held).size < held.length) throw new Error('a key twice at a time')
          const idle = all.filter(({ state }) => state === 'waiting')
          const first = idle[0]
          if (first && running.length < places && !first.keys.some((name) => held.includes(name)))
            throw new Error('the first waits for nothing')
        }
        for (const { do: what, ...step } of steps as { do: string; keys?: string[]; which?: number }[]) {
          if (what === 'run') {
            const number = all.length
            const { keys = [] } = step
            const { open, opened } = gate()
            const caller = new AbortController()
            const entry = {
              keys,
              state: 'waiting',
              end: open,
              caller,
              run: Promise.resolve() as Promise<unknown>,
            }
            all.push(entry)
            entry.run = queue.run({ keys, signal: caller.signal }, async () => {
              entry.state = 'running'
              for (const name of keys) startedByKey.set(name, [...(startedByKey.get(name) ?? []), number])
              await opened
              entry.state = 'ended'
            })
            entry.run.catch(() => {
              entry.state = 'left'
            })
          } else {
            const candidates = all.filter(({ state }) => state === (what === 'end' ? 'running' : 'waiting'))
            const entry = candidates[(step.which ?? 0) % Math.max(1, candidates.length)]
            if (what === 'end') entry?.end()
            else entry?.caller.abort(new Error('left'))
          }
          await new Promise(setImmediate)
          check()
        }
        for (const { end } of all) end()
        await queue.idle()
        for (const { state } of all)
          if (state !== 'ended' && state !== 'left') throw new Error(`one is ${state}`)
        for (const order of startedByKey.values())
          t.same(
            order,
            order.toSorted((a, b) => a - b),
          )
      },
    ),
    { numRuns: 200 },
  )
})
