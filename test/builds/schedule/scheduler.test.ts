import fc from 'fast-check'
import t from 'tap'
import { TtaError } from '../../../src/base/errors.ts'
import { nextAfter, nextRun } from '../../../src/builds/schedule/next-run.ts'
import { createScheduler } from '../../../src/builds/schedule/scheduler.ts'
import type { Job } from '../../../src/model/job.ts'
import type { Schedule } from '../../../src/model/schedule.ts'

/** 2025-06-01T10:00:00Z, a Sunday. */
const startMs = 1_748_772_000_000
const second = 1000

/** A clock that the test advances; timers run in order. */
function newClock() {
  let nowMs = startMs
  let waits: { atMs: number; wake: () => void }[] = []
  return {
    now: () => nowMs,
    after(delayMs: number, wake: () => void) {
      const wait = { atMs: nowMs + delayMs, wake }
      waits.push(wait)
      return () => {
        waits = waits.filter((other) => other !== wait)
      }
    },
    get waiting() {
      return waits.length
    },
    /** Lets time pass. */
    pass(ms: number) {
      const untilMs = nowMs + ms
      for (;;) {
        const next = waits.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0]
        if (!next) break
        nowMs = Math.max(nowMs, next.atMs)
        waits = waits.filter((other) => other !== next)
        next.wake()
      }
      nowMs = untilMs
    },
    /** Sets the clock, as after a sleep of the host: timers do not notice. */
    set(ms: number) {
      nowMs += ms
      for (const wait of waits) wait.atMs += ms
    },
  }
}

function setUp(schedules: Record<string, Schedule>) {
  const clock = newClock()
  const built: { graph: string; atSec: number }[] = []
  const running = new Map<string, Job>()
  const state = { refusal: undefined as Error | undefined, isQuick: true }
  const lines: unknown[] = []
  const jobs = {
    submit: ({ graph = '' }) => {
      if (state.refusal) throw state.refusal
      built.push({ graph, atSec: (clock.now() - startMs) / second })
      const job = { id: `${built.length}`, graph } as Job
      running.set(job.id, state.isQuick ? { ...job, finishedAt: 'now' } : job)
      return job
    },
    get: (id: string) => running.get(id),
  }
  const log = { info: () => {}, warn: (line: unknown) => void lines.push(line) }
  const scheduler = createScheduler({ schedules, jobs, clock, log })
  const times = (graph: string) => built.filter((one) => one.graph === graph).map(({ atSec }) => atSec)
  const end = () => {
    for (const [id, job] of running) running.set(id, { ...job, finishedAt: 'now' })
  }
  return { clock, scheduler, state, times, end, lines }
}

t.test('keeps equal schedules and starts new ones when schedules are replaced', async (t) => {
  const minute = { everyMs: 60 * second }
  const { clock, scheduler, times } = setUp({ same: minute, changed: minute, gone: minute })
  scheduler.start()
  clock.pass(90 * second)
  const added = { everyMs: 100 * second }
  scheduler.replace({ same: minute, changed: { everyMs: 40 * second }, added })
  clock.pass(60 * second)
  t.same(times('same'), [0, 60, 120])
  t.same(times('changed'), [0, 60, 130], 'at its next run')
  t.same(times('gone'), [0, 60])
  t.same(times('added'), [90])
  t.match(scheduler.list(), [
    { graph: 'same', started: 3 },
    { graph: 'changed', started: 3 },
    { graph: 'added' },
  ])
  scheduler.close()
  t.equal(clock.waiting, 0)
})

t.test('starts an interval with a build, and a cron pattern at its first time', async (t) => {
  const { clock, scheduler, times } = setUp({
    shop: { everyMs: 60 * second },
    quarter: { cron: '*/15 * * * *', timezone: 'UTC' },
  })
  t.match(scheduler.list(), [{ graph: 'shop', started: 0, nextAt: undefined }, { graph: 'quarter' }])
  t.equal(clock.waiting, 0, 'nothing starts before the scheduler')
  scheduler.start()
  clock.pass(0)
  t.same(times('shop'), [0])
  clock.pass(3600 * second)
  t.same(
    times('shop'),
    Array.from({ length: 61 }, (_, minute) => minute * 60),
  )
  t.same(times('quarter'), [900, 1800, 2700, 3600])
  t.match(scheduler.list(), [
    { graph: 'shop', started: 61, skipped: 0, jobId: String, nextAt: '2025-06-01T11:01:00.000Z' },
    { graph: 'quarter', started: 4, skipped: 0, nextAt: '2025-06-01T11:15:00.000Z' },
  ])
  scheduler.close()
  t.equal(clock.waiting, 0)
})

t.test('skips and counts runs while the previous build is still running', async (t) => {
  const { clock, scheduler, state, times, end, lines } = setUp({ shop: { everyMs: 10 * second } })
  state.isQuick = false
  scheduler.start()
  clock.pass(25 * second)
  t.same(times('shop'), [0])
  t.match(scheduler.list(), [{ started: 1, skipped: 2 }])
  t.match(lines, [{ graph: 'shop', skipped: 1, reason: /still running/ }, { skipped: 2 }])
  end()
  clock.pass(10 * second)
  t.same(times('shop'), [0, 30])
})

t.test('skips one run when the queue is full or an error is thrown', async (t) => {
  const { clock, scheduler, state, times, lines } = setUp({ shop: { everyMs: 10 * second } })
  state.refusal = new TtaError('TTA_QUEUE_FULL', '100 jobs wait already')
  scheduler.start()
  clock.pass(0)
  state.refusal = new TypeError('x is not a function')
  clock.pass(10 * second)
  state.refusal = undefined
  clock.pass(10 * second)
  t.same(times('shop'), [20])
  t.match(scheduler.list(), [{ started: 1, skipped: 2 }])
  t.match(lines, [{ reason: '100 jobs wait already' }, { reason: 'internal error' }, { err: TypeError }])
})

t.test('recovers when the host slept or the clock was set', async (t) => {
  for (const schedule of [
    { everyMs: 60 * second },
    { cron: '* * * * *', timezone: 'UTC' },
  ] satisfies Schedule[]) {
    const { clock, scheduler, times } = setUp({ shop: schedule })
    scheduler.start()
    clock.pass(90 * second)
    clock.set(600 * second)
    clock.pass(60 * second)
    t.equal(times('shop').filter((atSec) => atSec > 690).length, 1, 'once for all missed runs')
    t.equal(scheduler.list()[0]?.skipped, 10)
    const before = times('shop').length
    clock.set(-3600 * second)
    clock.pass(180 * second)
    const builds = times('shop').length - before
    t.ok(builds >= 2 && builds <= 4, `${builds} builds in 3 min after the clock went back an hour`)
  }
})

t.test('reads cron patterns in their time zone', async (t) => {
  const at = (cron: string, timezone: string) => new Date(nextRun({ cron, timezone }, startMs)).toISOString()
  t.equal(at('0 6 * * *', 'UTC'), '2025-06-02T06:00:00.000Z')
  t.equal(at('0 6 * * *', 'Europe/Berlin'), '2025-06-02T04:00:00.000Z')
  t.equal(at('30 9 * * 1', 'America/New_York'), '2025-06-02T13:30:00.000Z')
})

t.test('returns a next run after now, and counts all missed ones', async (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 90 }), fc.nat(100_000), (everySec, lateSec) => {
      const schedule = { everyMs: everySec * second }
      const { atMs, missed } = nextAfter(schedule, startMs, startMs + lateSec * second)
      const expected = Math.floor(lateSec / everySec)
      if (atMs <= startMs + lateSec * second) throw new Error('not after now')
      if (missed !== Math.min(1000, expected)) throw new Error(`${missed} missed, not ${expected}`)
      if (expected <= 1000 && (atMs - startMs) % (everySec * second) !== 0) throw new Error('out of step')
    }),
  )
  t.pass('for every interval and delay')
})
