import fc from 'fast-check'
import t from 'tap'
import { untilAborted } from '../../../src/base/async.ts'
import { TtaError } from '../../../src/base/errors.ts'
import { createKeyedQueue } from '../../../src/base/keyed-queue.ts'
import type { BuildOptions } from '../../../src/builds/aggregation/aggregator.ts'
import { createJobs, type JobsOptions } from '../../../src/builds/jobs/jobs.ts'
import type { Job, JobEvent } from '../../../src/model/job.ts'
import { type AggregationParameters, defaultParameters } from '../../../src/model/parameters.ts'
import type { AggregationSummary } from '../../../src/model/summary.ts'
import { summaryOf } from '../../support/server-stand-ins.ts'

interface Build {
  graph: string
  signal: AbortSignal
  progress: NonNullable<BuildOptions['onProgress']>
  succeed(): void
  fail(error: Error): void
}

/** Jobs over builds that the test ends; their signal ends them too, as it ends a read. */
function setUp(options: Partial<JobsOptions> = {}) {
  const turns = createKeyedQueue(2)
  const builds: Build[] = []
  const lines: { level: string; line: Record<string, unknown> }[] = []
  const log = (level: string) => (line: unknown) => void lines.push({ level, line: line as never })
  const clock = { ms: 1_748_772_000_000 }
  const build = (graph: string, signal: AbortSignal, onProgress: Build['progress']) =>
    new Promise<AggregationSummary>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      const succeed = () => resolve(summaryOf(graph))
      builds.push({ graph, signal, progress: onProgress, succeed, fail: reject })
    })
  const jobs = createJobs({
    aggregator: {
      complete: (requested) => {
        if (requested.filter === '(') throw new TtaError('TTA_BAD_REQUEST', 'filter is wrong')
        return { ...defaultParameters, ...requested }
      },
      aggregate: async ({ graph = 'micro' }, { signal, onStart, onProgress = () => {} }) =>
        turns.run({ keys: [graph], signal }, () => {
          onStart?.()
          return build(graph, signal, onProgress)
        }),
    },
    maxQueued: 2,
    now: () => clock.ms,
    log: { info: log('info'), warn: log('warn'), error: log('error') },
    ...options,
  })
  return { jobs, builds, lines, clock }
}

const live = () => new AbortController().signal
const states = (events: JobEvent[]) => events.map(({ type, job }) => (type === 'state' ? job.state : type))
const progress = { fraction: 0.5, slices: 1, traces: 2, spans: 3, requests: 4 }

t.test('reports a job from queued to its end, with an event for each change', async (t) => {
  const { jobs, builds, lines, clock } = setUp()
  const events: JobEvent[] = []
  const unsubscribe = jobs.subscribe((event) => void events.push(event))
  const { id } = jobs.submit({ graph: 'shop' }, 'request')
  t.match(jobs.get(id), {
    graph: 'shop',
    origin: 'request',
    state: 'running',
    parameters: { graph: 'shop', limit: 100_000 },
    createdAt: '2025-06-01T10:00:00.000Z',
    startedAt: '2025-06-01T10:00:00.000Z',
  })
  t.same(jobs.count(), { running: 1, queued: 0 })
  builds[0]?.progress(progress)
  t.same(jobs.get(id)?.progress, progress)
  clock.ms += 1500
  builds[0]?.succeed()
  const job = await jobs.ended(id, live())
  t.match(job, { state: 'succeeded', finishedAt: '2025-06-01T10:00:01.500Z', progress })
  t.same(job.summary, summaryOf('shop'))
  t.same(await jobs.result(id, live()), summaryOf('shop'))
  t.same(states(events), ['queued', 'running', 'progress', 'succeeded'])
  t.same(
    events.map(({ sequence }) => sequence),
    [1, 2, 3, 4],
  )
  t.same(jobs.events(id), events)
  t.same(jobs.events(id, 2), events.slice(2))
  t.same(jobs.events(id, 4), [])
  t.match(lines, [{ level: 'info', line: { job: id, state: 'succeeded', traces: 2, nodes: 2 } }])
  t.same(jobs.count(), { running: 0, queued: 0 })
  unsubscribe()
  jobs.submit({}, 'command')
  t.equal(events.length, 4)
})

t.test('keeps the problem of a failed job, and gives the cause to waiting callers only', async (t) => {
  const { jobs, builds, lines } = setUp()
  const { id } = jobs.submit({ graph: 'shop' }, 'schedule')
  const error = new TtaError('TTA_TEMPO_UNAVAILABLE', 'Tempo is down', {
    cause: new Error('ECONNREFUSED'),
    details: { upstreamStatus: 503 },
  })
  const waiting = jobs.result(id, live())
  builds[0]?.fail(error)
  t.equal(await waiting.catch((reason) => reason), error)
  t.match(await jobs.ended(id, live()), {
    state: 'failed',
    problem: { status: 502, code: 'TTA_TEMPO_UNAVAILABLE', upstreamStatus: 503, instance: `/jobs/${id}` },
  })
  const later = await jobs.result(id, live()).catch((reason) => reason)
  t.match(later, { code: 'TTA_TEMPO_UNAVAILABLE', message: 'Tempo is down', cause: undefined })
  t.match(lines, [{ level: 'warn', line: { job: id, state: 'failed', err: error } }])

  const bug = jobs.submit({}, 'request')
  builds[1]?.fail(new TypeError('x is not a function'))
  t.match(await jobs.ended(bug.id, live()), { state: 'failed', problem: { detail: 'Internal error' } })
  t.equal(lines[1]?.level, 'error')
})

t.test('joins equal jobs, except ended and cancelled ones', async (t) => {
  const { jobs, builds } = setUp()
  const first = jobs.submit({ graph: 'shop' }, 'request')
  t.equal(jobs.submit({ graph: 'shop', limit: 100_000 }, 'webhook').id, first.id)
  t.not(jobs.submit({ graph: 'shop', limit: 5 }, 'request').id, first.id)
  const cancelling = jobs.cancel(first.id)
  const next = jobs.submit({ graph: 'shop' }, 'request')
  t.not(next.id, first.id)
  t.match(await cancelling, { id: first.id, state: 'cancelled' })
  builds[1]?.succeed()
  await new Promise(setImmediate)
  builds[2]?.succeed()
  await jobs.ended(next.id, live())
  t.not(jobs.submit({ graph: 'shop' }, 'request').id, next.id)
})

t.test('cancels a job when its last caller has gone, unless it is kept', async (t) => {
  const { jobs } = setUp()
  const [a, b, c] = [new AbortController(), new AbortController(), new AbortController()] as const
  const requested = { graph: 'shop' }
  const { id } = jobs.submit(requested, 'request', { abortSignal: a.signal })
  jobs.submit(requested, 'request', { abortSignal: b.signal })
  a.abort()
  t.equal(jobs.get(id)?.state, 'running')
  const waiting = jobs.result(id, b.signal)
  b.abort(new Error('gone'))
  await t.rejects(waiting, { message: 'gone' })
  t.match(await jobs.ended(id, live()), { state: 'cancelled', problem: { detail: /no client waits/ } })

  for (const keep of [(job: Job) => jobs.keep(job.id), () => jobs.submit(requested, 'schedule')]) {
    const caller = new AbortController()
    const job = jobs.submit(requested, 'request', { abortSignal: caller.signal })
    keep(job)
    caller.abort()
    t.equal(jobs.get(job.id)?.state, 'running')
    await jobs.cancel(job.id)
  }
  c.abort(new Error('gone before'))
  t.throws(() => jobs.submit(requested, 'request', { abortSignal: c.signal }), { message: 'gone before' })
})

t.test('cancels a job whose caller goes while it starts', async (t) => {
  const caller = new AbortController()
  const { jobs } = setUp({
    aggregator: {
      complete: (requested) => ({ ...defaultParameters, ...requested }),
      aggregate: async (_requested, { signal }) => {
        caller.abort(new Error('gone'))
        return untilAborted(new Promise<AggregationSummary>(() => {}), signal)
      },
    },
  })
  const { id } = jobs.submit({}, 'request', { abortSignal: caller.signal })
  t.match(await jobs.ended(id, live()), { state: 'cancelled' })
})

t.test('refuses new jobs when the queue is full, but joins equal ones', async (t) => {
  const { jobs, builds, clock } = setUp()
  const first = jobs.submit({ graph: 'a' }, 'request')
  clock.ms += 7000
  builds[0]?.succeed()
  await jobs.ended(first.id, live())
  for (const graph of ['a', 'b', 'c', 'd']) jobs.submit({ graph }, 'request')
  t.same(jobs.count(), { running: 2, queued: 2 })
  t.throws(() => jobs.submit({ graph: 'e' }, 'request'), {
    code: 'TTA_QUEUE_FULL',
    statusCode: 429,
    details: { retryAfterSec: 7 },
    message: /^2 jobs wait already \(build\.max_queued\)/,
  })
  t.equal(jobs.submit({ graph: 'd' }, 'request').state, 'queued')
  t.throws(() => jobs.submit({ filter: '(' }, 'request'), { code: 'TTA_BAD_REQUEST' })
})

t.test('forgets ended jobs by number and age, and never a running one', async (t) => {
  const { jobs, builds, clock } = setUp({ maxEnded: 2, maxEndedSec: 60 })
  const slow = jobs.submit({ graph: 'slow' }, 'request')
  for (const graph of ['a', 'b', 'c']) {
    const { id } = jobs.submit({ graph }, 'request')
    builds.at(-1)?.succeed()
    await jobs.ended(id, live())
  }
  const graphs = () => jobs.list().map(({ graph }) => graph)
  t.same(graphs(), ['c', 'b', 'slow'], 'newest first')
  clock.ms += 61_000
  t.same(graphs(), ['slow'])
  clock.ms -= 3_600_000
  await jobs.cancel(slow.id)
  t.same(graphs(), ['slow'], 'a clock that is set back removes none')
  t.equal(await jobs.cancel('unknown'), undefined)
  await t.rejects(jobs.ended('unknown', live()), { code: 'TTA_NOT_FOUND' })
})

t.test('cancels queued jobs at once on close, and running ones after the deadline', async (t) => {
  const { jobs, builds } = setUp()
  const ids = ['a', 'b', 'c'].map((graph) => jobs.submit({ graph }, 'request').id)
  const closing = jobs.close(50)
  t.throws(() => jobs.submit({ graph: 'd' }, 'request'), { code: 'TTA_CLOSING', statusCode: 503 })
  builds[0]?.succeed()
  await closing
  t.same(
    ids.map((id) => jobs.get(id)?.state),
    ['succeeded', 'cancelled', 'cancelled'],
  )
  t.match(jobs.get(ids[2] ?? '')?.problem, { status: 503, code: 'TTA_CLOSING' }, 'callers may try again')
  t.equal(builds.length, 2, 'the queued job never started')
})

t.test('ends every job once and keeps its limits, in any order of events', async (t) => {
  const graph = fc.constantFrom('a', 'b', 'c')
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('submit'), graph, limit: fc.constantFrom(1, 2) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('leave'), which: fc.nat(9) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel'), which: fc.nat(9) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('succeed', 'fail'), which: fc.nat(9) }) },
  )
  type Step = { do: string; graph?: string; limit?: number; which?: number }
  await fc.assert(
    fc.asyncProperty(fc.array(step as fc.Arbitrary<Step>, { maxLength: 50 }), async (steps) => {
      const { jobs, builds } = setUp({ maxEnded: 1000 })
      const events: JobEvent[] = []
      const callers: AbortController[] = []
      jobs.subscribe((event) => void events.push(event))
      const one = <T>(list: T[], which = 0): T | undefined => list[which % Math.max(1, list.length)]
      const open = () => jobs.list().filter(({ finishedAt }) => finishedAt === undefined)
      const submit = (requested: AggregationParameters) => {
        const caller = new AbortController()
        const { queued } = jobs.count()
        const same = open().some(
          (job) => job.graph === requested.graph && job.parameters.limit === requested.limit,
        )
        try {
          jobs.submit(requested, 'request', { abortSignal: caller.signal })
          callers.push(caller)
        } catch (error) {
          if ((error as TtaError).code !== 'TTA_QUEUE_FULL' || queued < 2 || same) throw error
        }
      }
      const act: Record<string, (step: Step) => void> = {
        submit: ({ graph = 'a', limit = 1 }) => submit({ graph, limit }),
        leave: ({ which }) => one(callers, which)?.abort(),
        cancel: ({ which }) => void jobs.cancel(one(open(), which)?.id ?? ''),
        succeed: ({ which }) => one(builds, which)?.succeed(),
        fail: ({ which }) => one(builds, which)?.fail(new TtaError('TTA_TEMPO_REFUSED', 'no')),
      }
      for (const step of steps) {
        act[step.do]?.(step)
        await new Promise(setImmediate)
        const running = open().filter(({ state }) => state === 'running')
        const keys = open().map(({ graph, parameters }) => `${graph} ${parameters.limit}`)
        if (running.length > 2) throw new Error('too many run')
        if (new Set(running.map((job) => job.graph)).size < running.length) throw new Error('two of a graph')
        if (new Set(keys).size < keys.length) throw new Error('equal jobs side by side')
        if (jobs.count().queued > 2) throw new Error('too many wait')
      }
      await jobs.close(0)
      for (const { id } of jobs.list()) {
        const path = events.filter(({ job }) => job.id === id).map(({ job }) => job.state)
        const ends = path.filter((state) => state !== 'queued' && state !== 'running')
        if (ends.length !== 1 || path.at(-1) !== ends[0]) throw new Error(`a job went ${path.join(', ')}`)
      }
    }),
    { numRuns: 200 },
  )
  t.pass('200 orders')
})
