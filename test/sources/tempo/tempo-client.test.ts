import type { RetryObject } from 'got'
import t from 'tap'
import { TempoLimits } from '../../../src/sources/tempo/client/learned-limits.ts'
import { retryDelayMs } from '../../../src/sources/tempo/client/retry.ts'
import { TempoClient } from '../../../src/sources/tempo/client/tempo-client.ts'
import { TempoStatusError } from '../../../src/sources/tempo/client/tempo-errors.ts'
import { type Fault, startTempo, text } from '../../support/tempo/tempo-stand-in.ts'

type Test = { teardown(end: () => unknown): unknown }

/** Sends one request to a Tempo that always answers `fault`. */
async function send(
  t: Test,
  fault: Fault,
  options: { retries?: number; timeoutMs?: number } = {},
  headers: Record<string, string> = {},
) {
  const tempo = await startTempo({ fault: () => fault })
  const client = new TempoClient({
    url: tempo.url,
    headers,
    timeoutMs: 10_000,
    maxAnswerBytes: 1e6,
    maxSockets: 1,
    retryDelayMs: 1,
  })
  t.teardown(async () => {
    client.close()
    await tempo.close()
  })
  const tally = { requests: 0, retries: 0, bytes: 0 }
  const { signal } = new AbortController()
  const startedAt = performance.now()
  const error = await client
    .get({ path: '/api/search', accept: 'application/protobuf', signal, tally, ...options })
    .then(
      () => undefined,
      (error: Error) => error,
    )
  return { error, tally, sent: tempo.asked.length, elapsedMs: performance.now() - startedAt }
}

t.test('retries a 500 at most twice', async (t) => {
  const { error, tally, sent } = await send(t, text(500, 'error querying live-stores'))
  t.match(error, { name: 'TempoStatusError', status: 500 })
  t.same([sent, tally.requests, tally.retries], [3, 1, 2])
})

t.test('retries a status that says "busy" or "down" four times', async (t) => {
  for (const status of [429, 502, 503, 504]) {
    const { error, sent } = await send(t, text(status, 'busy'))
    t.match(error, { status })
    t.equal(sent, 5, String(status))
  }
})

t.test('retries a gateway timeout, and no other answer that says Tempo ran out of time', async (t) => {
  t.equal((await send(t, text(504, 'context deadline exceeded'))).sent, 5)
  for (const status of [500, 503]) {
    t.equal((await send(t, text(status, 'context deadline exceeded'))).sent, 1, String(status))
  }
})

t.test('does not retry a request that Tempo refused', async (t) => {
  for (const status of [400, 401, 403, 404, 422]) {
    t.equal((await send(t, text(status, 'refused'))).sent, 1, String(status))
  }
})

t.test('does not retry a request without an answer in time', async (t) => {
  const { error, sent } = await send(t, 'hang', { timeoutMs: 100 })
  t.match(error, { name: 'TempoConnectionError', maybeTooSlow: true })
  t.equal(sent, 1)
})

t.test('retries no more often than the request allows', async (t) => {
  t.equal((await send(t, text(503, 'busy'), { retries: 0 })).sent, 1)
  t.equal((await send(t, text(503, 'busy'), { retries: 1 })).sent, 2)
})

t.test('waits twice as long before each retry, up to half more or less', async (t) => {
  const error = new Error('reset') as RetryObject['error']
  const retryOptions = { limit: 4 } as RetryObject['retryOptions']
  for (const attemptCount of [1, 2, 3, 4]) {
    const meanMs = 100 * 2 ** (attemptCount - 1)
    const retry: RetryObject = { attemptCount, retryOptions, error, computedValue: 1 }
    const delaysMs = Array.from({ length: 30 }, () => retryDelayMs(retry, 100, () => ''))
    const areNear = delaysMs.every((ms) => ms >= meanMs / 2 && ms <= meanMs * 1.5)
    t.ok(areNear, `${delaysMs} before retry ${attemptCount}`)
  }
})

t.test('follows no redirect', async (t) => {
  for (const status of [300, 301, 308]) {
    const answer = { ...text(status, ''), headers: { location: 'http://127.0.0.1:1/login' } }
    t.match((await send(t, answer)).error, { name: 'TempoStatusError', status, message: /a redirect/ })
  }
})

t.test('waits as long as Retry-After says', async (t) => {
  const busy = { ...text(503, 'busy'), headers: { 'retry-after': '1' } }
  const { sent, elapsedMs } = await send(t, busy, { retries: 1 })
  t.equal(sent, 2)
  t.ok(elapsedMs >= 1000, `${elapsedMs} ms`)
})

t.test('removes the secrets that Tempo or a gateway repeats in an error', async (t) => {
  const headers = { authorization: 'Basic c2VjcmV0OnNlY3JldA==' }
  const echo = text(400, `bad header authorization: ${headers.authorization}`)
  const { error } = await send(t, echo, {}, headers)
  t.match(error?.message, /bad header/)
  t.notMatch(error?.message, /c2VjcmV0/)
})

t.test('learned limits only go down', async (t) => {
  const limits = new TempoLimits()
  const learned = (text: string, status = 400) => {
    limits.learn(new TempoStatusError('/api/search', status, text))
    return [limits.spansPerSpanSet, limits.traces, limits.rangeSec]
  }
  const week = 168 * 3600
  t.same(learned('spans per span set exceeds 20. received 100'), [20, 262_144, week])
  t.same(learned('limit 5000 exceeds max limit 70'), [20, 70, week])
  t.same(learned('range specified by start and end exceeds 1m30s. received start=1 end=2'), [20, 70, 90])
  const known = [20, 70, 90]
  t.same(learned('spans per span set exceeds 50. received 100'), known, 'no higher')
  t.same(learned('limit 5000 exceeds max limit 1000'), known, 'no higher')
  t.same(learned('range specified by start and end exceeds 1h0m0s.'), known, 'no higher')
  t.same(learned('spans per span set exceeds 0. received 20'), known, 'not to nothing')
  t.same(learned('limit 70 exceeds max limit 7', 500), known, 'only a refusal says so')
  limits.learn(new Error('limit 70 exceeds max limit 7'))
  t.same(limits.traces, 70)
})
