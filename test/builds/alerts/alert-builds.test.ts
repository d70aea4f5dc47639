import fc from 'fast-check'
import t from 'tap'
import { TtaError } from '../../../src/base/errors.ts'
import { AlertBuilds } from '../../../src/builds/alerts/alert-builds.ts'
import type { AlertRuleOptions } from '../../../src/builds/alerts/alert-rule.ts'
import { SeenAlerts } from '../../../src/builds/alerts/duplicate-alerts.ts'
import { type Alert, isTest } from '../../../src/builds/alerts/notification.ts'
import type { AggregationParameters } from '../../../src/model/parameters.ts'
import { firing, grafanaTest, nowMs, resolved, testClock } from '../../support/alert-notifications.ts'

const ofService: Partial<AlertRuleOptions> = { parameters: { filter: '^{{ labels.service }}$' } }

/** Alert builds over jobs that a test ends, and a clock that it moves. */
function setUp(
  rules: Partial<AlertRuleOptions>[] = [ofService],
  { minIntervalSec = 60, deduplicateSec = 3600 } = {},
) {
  const clock = testClock()
  const submitted: AggregationParameters[] = []
  const builds: { graph: string | undefined; filter: string | undefined; atMs: number }[] = []
  const ends = new Map<string, (isDone: boolean) => void>()
  const underWay = new Map<string, { id: string; succeeded: Promise<boolean> }>()
  const logged: unknown[] = []
  const jobs = {
    /** Thrown instead of submitting the next one. */
    refusal: undefined as Error | undefined,
    submitted,
    builds,
    logged,
    async end(id: string, isDone = true) {
      ends.get(id)?.(isDone)
      await new Promise(setImmediate)
    },
  }
  const alertBuilds = new AlertBuilds({
    rules: rules.map((rule, index) => ({
      name: `rule-${index + 1}`,
      match: {},
      on: 'firing',
      graph: 'micro',
      beforeSec: 900,
      afterSec: 300,
      parameters: {},
      ...rule,
    })),
    minIntervalSec,
    deduplicateSec,
    clock,
    submit(parameters) {
      if (jobs.refusal) throw jobs.refusal
      const key = JSON.stringify(parameters)
      const running = underWay.get(key)
      if (running) return { ...running, isNew: false }
      submitted.push(parameters)
      builds.push({ graph: parameters.graph, filter: parameters.filter, atMs: clock.now() })
      const id = `job-${submitted.length}`
      const succeeded = new Promise<boolean>((resolve) => {
        ends.set(id, (isDone) => {
          underWay.delete(key)
          resolve(isDone)
        })
      })
      underWay.set(key, { id, succeeded })
      return { id, isNew: true, succeeded }
    },
    log: {
      info: (...line: unknown[]) => void logged.push(line),
      warn: (...line: unknown[]) => void logged.push(line),
    },
  })
  const take = (...alerts: Alert[]) => alertBuilds.take({ alerts })
  const states = (...alerts: Alert[]) => take(...alerts).outcomes.map(({ state }) => state)
  return { clock, jobs, alertBuilds, take, states }
}

const cart = firing({ alertname: 'HighLatency', service: 'cart' })
const db = firing({ alertname: 'HighLatency', service: 'db' })
const queueFull = () => new TtaError('TTA_QUEUE_FULL', 'The queue is full', { details: { retryAfterSec: 5 } })

t.test('starts a build for an alert, and names its job', async (t) => {
  const { take, jobs } = setUp()
  t.same(take(cart), {
    message: '1 started, 0 deferred, 0 deduplicated, 0 ignored',
    started: 1,
    deferred: 0,
    deduplicated: 0,
    ignored: 0,
    outcomes: [
      {
        alert: 'HighLatency',
        fingerprint: cart.fingerprint,
        status: 'firing',
        state: 'started',
        jobId: 'job-1',
        rule: 'rule-1',
        graph: 'micro',
      },
    ],
  })
  t.same(jobs.submitted, [{ graph: 'micro', filter: '^cart$', from: '2025-06-01T09:35:00.000Z', to: 'now' }])
})

t.test('says why an alert is ignored', async (t) => {
  const cases: [what: string, rule: Partial<AlertRuleOptions>, alert: Alert, reason: string][] = [
    ['no rule', { match: { alertname: 'Other' } }, cart, 'no rule matches its labels'],
    [
      'resolved',
      ofService,
      resolved(cart.labels),
      'the alert is resolved, and the rule is for firing alerts',
    ],
    ['firing', { on: 'resolved' }, cart, 'the alert is firing, and the rule is for resolved alerts'],
    ['no label', ofService, firing({ alertname: 'Down' }), 'the alert has no label service'],
    ['no time', {}, { ...cart, startsAt: '2025-13-45T10:00:00Z' }, 'startsAt is not a valid time'],
    [
      'too long',
      ofService,
      firing({ service: 'x'.repeat(300) }),
      'must be at most 256 characters, and has 302',
    ],
  ]
  for (const [what, rule, alert, reason] of cases) {
    const { take, jobs } = setUp([rule])
    const { ignored, outcomes } = take(alert)
    t.same(
      [ignored, outcomes.map(({ state, reason }) => ({ state, reason }))],
      [1, [{ state: 'ignored', reason }]],
      what,
    )
    t.same(jobs.submitted, [], what)
  }
})

t.test('ignores an alert whose parameters are refused, and gives the reason', async (t) => {
  const { take, jobs } = setUp()
  jobs.refusal = new TtaError('TTA_BAD_REQUEST', 'query needs a Tempo: set tempo.url')
  t.match(take(cart).outcomes, [{ state: 'ignored', reason: 'query needs a Tempo: set tempo.url' }])
  jobs.refusal = undefined
  t.match(take(cart).outcomes, [{ state: 'started' }], 'it does not count as seen')
  const broken = setUp()
  broken.jobs.refusal = new TypeError('an internal error')
  t.throws(() => broken.take(cart), TypeError, 'throws an error that is not a fault of the alert')
})

t.test('answers a test notification that it was received', async (t) => {
  const { alertBuilds, jobs } = setUp()
  t.match(alertBuilds.take(grafanaTest()).outcomes, [
    { alert: 'TestAlert', state: 'ignored', reason: 'a test notification: it was received and accepted' },
  ])
  t.same(jobs.submitted, [])
  const withLabel = setUp()
  const custom = { ...firing({ alertname: 'TestAlert', service: 'cart', instance: 'Grafana' }) }
  t.same(withLabel.states(custom), ['started'], 'one with all labels of a rule tries the rule')
})

t.test('applies every rule that matches', async (t) => {
  const { take } = setUp([
    ofService,
    { graph: 'all' },
    { graph: 'ends', on: 'resolved' },
    { on: 'both', graph: 'both' },
  ])
  t.match(take(cart).outcomes, [
    { rule: 'rule-1', graph: 'micro', state: 'started' },
    { rule: 'rule-2', graph: 'all', state: 'started' },
    { rule: 'rule-3', graph: 'ends', state: 'ignored' },
    { rule: 'rule-4', graph: 'both', state: 'started' },
  ])
})

t.test('does not build an alert twice', async (t) => {
  const { states, clock, jobs } = setUp()
  t.same(states(cart, cart), ['started', 'deduplicated'], 'within one notification')
  await jobs.end('job-1')
  clock.advance(3_599_000)
  t.same(states(cart), ['deduplicated'])
  const again = { ...cart, startsAt: '2025-06-01T10:40:00Z' }
  t.same(states(again), ['started'], 'when it fires again')
  clock.advance(3_600_000)
  t.same(states(cart), ['started'], 'when deduplicate has passed')
  t.same(states({ ...cart, annotations: { summary: 'other words' } }), ['deduplicated'])
  const { fingerprint: _fingerprint, ...bare } = db
  t.same(states(bare, bare), ['deferred', 'deduplicated'], 'without fingerprint the labels are compared')
})

t.test('builds an alert again when its build failed', async (t) => {
  const { states, clock, jobs } = setUp()
  states(cart)
  await jobs.end('job-1', false)
  clock.advance(60_000)
  t.same(states(cart), ['started'])
  await jobs.end('job-2', true)
  clock.advance(60_000)
  t.same(states(cart), ['deduplicated'])
})

t.test('shares one build between alerts with equal parameters', async (t) => {
  const { take, clock, jobs } = setUp()
  take(cart)
  clock.advance(60_000)
  const errors = firing({ alertname: 'HighErrors', service: 'cart' })
  t.match(take(errors).outcomes, [
    { state: 'deduplicated', jobId: 'job-1', reason: 'an equal build was queued or running' },
  ])
  await jobs.end('job-1', false)
  clock.advance(60_000)
  t.match(take(errors, cart), { started: 1, deferred: 1 }, 'both are built again after it failed')
})

t.test('builds a graph once per interval, for the last alert, at its end', async (t) => {
  const { take, states, clock, jobs, alertBuilds } = setUp()
  take(cart)
  clock.advance(20_000)
  const services = ['a', 'b', 'c'].map((service) => firing({ service }))
  const runsAt = new Date(nowMs + 60_000).toISOString()
  t.match(take(...services).outcomes, [
    { state: 'deferred', runsAt, coalesced: 0, reason: /less than min_interval_sec ago/ },
    { state: 'deferred', runsAt, coalesced: 1 },
    { state: 'deferred', runsAt, coalesced: 2 },
  ])
  t.equal(alertBuilds.waiting, 1)
  clock.advance(39_999)
  t.equal(jobs.submitted.length, 1)
  clock.advance(1)
  t.same(
    jobs.submitted.map(({ filter }) => filter),
    ['^cart$', '^c$'],
  )
  t.equal(alertBuilds.waiting, 0)
  t.same(states(firing({ service: 'c' })), ['deduplicated'])
  t.same(states(firing({ service: 'a' })), ['deferred'], 'a replaced alert is not a duplicate')
  clock.advance(60_000)
  t.same(
    jobs.submitted.map(({ filter }) => filter),
    ['^cart$', '^c$', '^a$'],
  )
  clock.advance(60_000)
  t.equal(clock.waits, 0, 'no timer is left')
  t.same(states(db), ['started'], 'the next one starts at once')
})

t.test('delays nothing when the clock is set back', async (t) => {
  const { states, clock, jobs } = setUp()
  states(cart)
  clock.setBack(3_600_000)
  t.same(states(db), ['deferred'])
  clock.advance(60_000)
  t.equal(jobs.submitted.length, 2)
  t.same(states(cart), ['deferred'], 'an alert seen in the future does not count as seen')
})

t.test('defers a build while the job queue is full', async (t) => {
  const { take, clock, jobs } = setUp([ofService], { minIntervalSec: 1 })
  jobs.refusal = queueFull()
  const runsAt = new Date(nowMs + 5000).toISOString()
  t.match(take(cart).outcomes, [{ state: 'deferred', runsAt, coalesced: 0, reason: 'the job queue is full' }])
  t.match(take(db).outcomes, [{ state: 'deferred', runsAt, coalesced: 1 }])
  clock.advance(5000)
  t.match(take(cart).outcomes, [{ state: 'deferred', coalesced: 2 }], 'the wait and the count continue')
  jobs.refusal = undefined
  clock.advance(5000)
  t.same(
    jobs.submitted.map(({ filter }) => filter),
    ['^cart$'],
  )
})

t.test('starts a build for each alert without an interval, and retries a full queue', async (t) => {
  const { states, clock, jobs } = setUp([ofService], { minIntervalSec: 0 })
  t.same(states(cart, db), ['started', 'started'])
  jobs.refusal = new TtaError('TTA_QUEUE_FULL', 'The queue is full')
  t.same(states(firing({ service: 'x' })), ['deferred'])
  jobs.refusal = undefined
  clock.advance(1000)
  t.equal(jobs.submitted.length, 3)
  t.equal(clock.waits, 0)
})

t.test('logs a deferred build that fails to start, and accepts its alert again', async (t) => {
  const { states, clock, jobs } = setUp()
  states(cart, db)
  jobs.refusal = new TtaError('TTA_BAD_REQUEST', 'filter is wrong')
  clock.advance(60_000)
  t.match(jobs.logged.at(-1), [{ err: { message: 'filter is wrong' } }, 'alert build failed to start'])
  jobs.refusal = undefined
  t.same(states(db), ['started'])
})

t.test('logs no warning for a build that a later alert replaces', async (t) => {
  const { states, jobs } = setUp()
  t.same(states(cart, db, firing({ service: 'c' })), ['started', 'deferred', 'deferred'])
  t.notOk(JSON.stringify(jobs.logged).includes('failed to start'))
})

t.test('drops deferred builds at the end, and logs it', async (t) => {
  const { states, clock, jobs, alertBuilds } = setUp()
  states(cart, db)
  alertBuilds.close()
  t.match(jobs.logged.at(-1), [{ graphs: 1 }, /dropped/])
  clock.advance(3_600_000)
  t.equal(jobs.submitted.length, 1)
})

t.test('keeps the interval in a storm of 1,000 alerts for 5 graphs in 10 s', async (t) => {
  const rules = [1, 2, 3, 4, 5].map((number) => ({
    graph: `graph-${number}`,
    match: { group: `${number}` },
    ...ofService,
  }))
  const { take, clock, jobs } = setUp(rules, { minIntervalSec: 2 })
  const sum = { started: 0, deferred: 0 }
  for (let i = 0; i < 1000; i++) {
    const { started, deferred } = take(firing({ group: `${(i % 5) + 1}`, service: `service-${i}` }))
    sum.started += started
    sum.deferred += deferred
    clock.advance(10)
  }
  clock.advance(2000)
  t.same(sum, { started: 5, deferred: 995 })
  // At 0 s, then at each of the 5 ends of an interval up to 10 s.
  t.equal(jobs.submitted.length, 5 * 6)
  for (const graph of rules.map((rule) => rule.graph)) {
    const last = jobs.submitted.filter((parameters) => parameters.graph === graph).at(-1)
    t.equal(last?.filter, `^service-${995 + Number(graph.at(-1)) - 1}$`, 'builds the last alert of a graph')
  }
})

t.test('keeps intervals, builds the last alert of each graph, and counts every alert', async () => {
  const step = fc.record({
    waitMs: fc.nat(1500),
    graph: fc.nat(2),
    service: fc.nat(4),
    isFull: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const rules = [0, 1, 2].map((number) => ({
        graph: `g${number}`,
        match: { group: `${number}` },
        ...ofService,
      }))
      const { take, clock, jobs } = setUp(rules, { minIntervalSec: 1 })
      const lastFilter = new Map<string, string>()
      for (const { waitMs, graph, service, isFull } of steps) {
        clock.advance(waitMs)
        jobs.refusal = isFull ? queueFull() : undefined
        const receipt = take(firing({ group: `${graph}`, service: `${service}` }))
        const { started, deferred, deduplicated, ignored } = receipt
        if (started + deferred + deduplicated + ignored !== 1) return false
        if (started + deferred === 1) lastFilter.set(`g${graph}`, `^${service}$`)
      }
      jobs.refusal = undefined
      clock.advance(20_000)
      const isKept = [...lastFilter].every(([graph, filter]) => {
        const builds = jobs.builds.filter((build) => build.graph === graph)
        return builds.at(-1)?.filter === filter && isSpaced(builds.map(({ atMs }) => atMs))
      })
      return isKept && clock.waits === 0
    }),
  )
})

const isSpaced = (timesMs: number[]) =>
  timesMs.every((atMs, index) => index === 0 || atMs - (timesMs[index - 1] ?? 0) >= 1000)

t.test('tells the sender of a missing label also while the interval defers builds', async (t) => {
  const { states } = setUp()
  t.same(states(cart), ['started'])
  t.same(states(firing({ alertname: 'Down' })), ['ignored'])
})

t.test('remembers the newest alerts only, each for a limited time', async (t) => {
  const seen = new SeenAlerts(1000, 2)
  seen.add('a', 0)
  seen.add('b', 1)
  seen.add('a', 2)
  seen.add('c', 3)
  t.same(
    ['a', 'b', 'c'].map((key) => seen.has(key, 4)),
    [true, false, true],
    'a was seen again after b',
  )
  t.equal(seen.has('c', 1002), true)
  t.equal(seen.has('c', 1003), false, 'too old')
})

t.test('recognizes a test notification by its name and a second sign', async (t) => {
  const alertname = 'TestAlert'
  const summary = 'Notification test'
  t.equal(isTest(firing({ alertname, instance: 'Grafana' })), true)
  t.equal(isTest({ ...firing({ alertname }), annotations: { summary } }), true)
  t.equal(isTest(firing({ alertname })), false)
  t.equal(isTest({ ...firing({ alertname: 'Other' }), annotations: { summary } }), false)
  t.equal(isTest(firing({ alertname: 'Other', instance: 'Grafana' })), false)
})
