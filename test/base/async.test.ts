import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { forEachLimited, untilAborted, untilTimeout, withDeadline } from '../../src/base/async.ts'

t.test('forEachLimited runs no more work at a time than allowed', async (t) => {
  let running = 0
  let most = 0
  const done: number[] = []
  await forEachLimited([1, 2, 3, 4, 5], 2, async (item) => {
    most = Math.max(most, ++running)
    await delay(1)
    running--
    done.push(item)
  })
  t.equal(most, 2)
  t.same(done.sort(), [1, 2, 3, 4, 5])
  await forEachLimited([], 2, async () => void t.fail('there is no item'))
})

t.test('forEachLimited starts nothing after an error and waits for started work', async (t) => {
  const started: number[] = []
  let hasEnded = false
  const work = forEachLimited([1, 2, 3, 4], 2, async (item) => {
    started.push(item)
    await delay(item * 20)
    if (item === 1) throw new Error('first')
    hasEnded = true
    throw new Error('second')
  })
  await t.rejects(work, { message: 'first' })
  t.same(started, [1, 2])
  t.ok(hasEnded)
})

t.test('untilAborted gives the result, or the reason of the signal', async (t) => {
  const { signal } = new AbortController()
  t.equal(await untilAborted(Promise.resolve(7), signal), 7)
  const controller = new AbortController()
  const waiting = untilAborted(new Promise<never>(() => {}), controller.signal)
  controller.abort(new Error('enough'))
  await t.rejects(waiting, { message: 'enough' })
  const aborted = AbortSignal.abort(new Error('before'))
  await t.rejects(untilAborted(new Promise<never>(() => {}), aborted), { message: 'before' })
})

t.test('untilTimeout gives undefined after its time', async (t) => {
  t.equal(await untilTimeout(Promise.resolve(7), 1000), 7)
  t.equal(await untilTimeout(new Promise<never>(() => {}), 1), undefined)
  await t.rejects(untilTimeout(Promise.reject(new Error('failed')), 1000), { message: 'failed' })
})

t.test('withDeadline aborts the work after the deadline, and with the signal of the caller', async (t) => {
  const untilEnd = (signal: AbortSignal) => untilAborted(new Promise<never>(() => {}), signal)
  const { signal } = new AbortController()
  await t.rejects(withDeadline(0.001, signal, untilEnd), { code: 'TTA_DEADLINE' })
  const aborted = AbortSignal.abort(new Error('enough'))
  await t.rejects(withDeadline(60, aborted, untilEnd), { message: 'enough' })
  t.equal(await withDeadline(60, signal, async () => 7), 7)
})
