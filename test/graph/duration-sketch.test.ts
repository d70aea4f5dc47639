import fc from 'fast-check'
import t from 'tap'
import { DurationSketches, type Percentiles } from '../../src/graph/totals/duration-sketch.ts'
import { holds } from '../support/property.ts'

/** Row 0 of sketches that were given these durations. */
function sketchesOf(durationsNs: readonly number[]): DurationSketches {
  const sketches = new DurationSketches()
  for (const durationNs of durationsNs) sketches.add(0, durationNs, 1)
  return sketches
}

const percentilesOf = (durationsNs: readonly number[]) =>
  sketchesOf(durationsNs).percentiles(0, durationsNs.length)

/** By nearest rank, the slow and plain way. */
function exactPercentiles(durationsNs: readonly number[]): Percentiles {
  const sorted = [...durationsNs].sort((a, b) => a - b)
  const at = (percent: number) => sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? Number.NaN
  return { p50Ns: at(50), p95Ns: at(95), p99Ns: at(99) }
}

/** The largest error, as a share of the exact value; of an exact 0 anything but 0 is infinitely wrong. */
function worstError(found: Percentiles, exact: Percentiles): number {
  const keys = ['p50Ns', 'p95Ns', 'p99Ns'] as const
  return Math.max(
    ...keys.map((key) => (found[key] === exact[key] ? 0 : Math.abs(found[key] / exact[key] - 1))),
  )
}

const durationNs = fc.oneof(
  fc.constantFrom(0, 1, 2, 63, 64, 65, 127, 128, 129, 2 ** 31, 2 ** 32, 2 ** 52 - 1, 2 ** 53, 2 ** 64),
  fc.integer({ min: 0, max: 200e6 }),
  fc.bigInt({ min: 0n, max: 2n ** 64n }).map(Number),
  fc.integer({ min: 0, max: 64 }).map((exponent) => 2 ** exponent),
)
const durations = fc.array(durationNs, { maxLength: 60 })
const someDurations = fc.array(durationNs, { minLength: 1, maxLength: 60 })

t.test('percentiles by nearest rank, counted by hand', async (t) => {
  const hundred = Array.from({ length: 100 }, (_, at) => (at + 1) * 1e6)
  t.ok(worstError(percentilesOf(hundred), { p50Ns: 50e6, p95Ns: 95e6, p99Ns: 99e6 }) < 0.008)
  // 0.95 * 20 = 19: the 19th, not the 20th.
  const twenty = [...Array.from({ length: 18 }, () => 1e6), 7e6, 100e6]
  t.ok(worstError(percentilesOf(twenty), { p50Ns: 1e6, p95Ns: 7e6, p99Ns: 100e6 }) < 0.008)
  t.ok(worstError(percentilesOf([3e6, 1e6]), { p50Ns: 1e6, p95Ns: 3e6, p99Ns: 3e6 }) < 0.008)
})

t.test('a duration of 0 is 0', async (t) => {
  t.same(percentilesOf([0]), { p50Ns: 0, p95Ns: 0, p99Ns: 0 })
  t.same(percentilesOf([0, 0, 0]), { p50Ns: 0, p95Ns: 0, p99Ns: 0 })
  t.equal(percentilesOf([0, 0, 5e6]).p50Ns, 0)
})

t.test('every single duration from 1 ns to 2^64 ns comes back within 0.8 %', async (t) => {
  let worst = 0
  for (let exponent = 0; exponent < 64; exponent++) {
    for (let step = 0; step < 1024; step++) {
      const exact = 2 ** exponent * (1 + step / 1024)
      const found = percentilesOf([exact]).p99Ns
      worst = Math.max(worst, Math.abs(found / exact - 1))
    }
  }
  worst = Math.max(worst, Math.abs(percentilesOf([2 ** 64]).p50Ns / 2 ** 64 - 1))
  t.comment(`worst error ${(worst * 100).toFixed(3)} %`)
  t.ok(worst < 0.008)
})

t.test('a million durations of one row, log-normal, are within 0.8 %', async (t) => {
  let state = 7
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state + 0.5) / 2 ** 32
  }
  const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random())
  const many = Array.from({ length: 1_000_000 }, () => Math.round(20e6 * Math.exp(normal())))
  const error = worstError(percentilesOf(many), exactPercentiles(many))
  t.comment(`worst error ${(error * 100).toFixed(3)} %`)
  t.ok(error < 0.008)
})

t.test('percentiles of any durations are within 0.8 % of the exact ones, and in order', async (t) => {
  const close = fc.property(someDurations, (all) => {
    const found = percentilesOf(all)
    const inOrder = found.p50Ns <= found.p95Ns && found.p95Ns <= found.p99Ns
    return inOrder && worstError(found, exactPercentiles(all)) < 0.008
  })
  holds(t, close, 1000)
})

t.test('order changes no bit', async (t) => {
  const same = fc.property(someDurations, (all) => {
    const [one, other] = [percentilesOf(all), percentilesOf([...all].reverse())]
    return JSON.stringify(one) === JSON.stringify(other)
  })
  holds(t, same, 500)
})

t.test('forgets a removed duration, whether it came before or after others', async (t) => {
  const same = fc.property(someDurations, durations, (kept, taken) => {
    const sketches = sketchesOf([...taken, ...kept])
    for (const gone of taken) sketches.add(0, gone, -1)
    return JSON.stringify(sketches.percentiles(0, kept.length)) === JSON.stringify(percentilesOf(kept))
  })
  holds(t, same, 500)
})

t.test('sketches added are the sketch of all, in either direction', async (t) => {
  const same = fc.property(durations, someDurations, (here, there) => {
    const all = [...here, ...there]
    const [one, other] = [sketchesOf(here), sketchesOf(there)]
    const whole = new DurationSketches()
    whole.addRow(5, other, 0)
    whole.addRow(5, one, 0)
    one.addRow(0, other, 0)
    const expected = JSON.stringify(percentilesOf(all))
    return [one.percentiles(0, all.length), whole.percentiles(5, all.length)].every(
      (found) => JSON.stringify(found) === expected,
    )
  })
  holds(t, same, 500)
})

t.test('rows do not touch each other, in whatever order they grow', async (t) => {
  const apart = fc.property(
    fc.array(fc.tuple(fc.nat(200), durationNs), { minLength: 1, maxLength: 300 }),
    (all) => {
      const sketches = new DurationSketches()
      for (const [row, duration] of all) sketches.add(row, duration, 1)
      return [...new Set(all.map(([row]) => row))].every((row) => {
        const own = all.filter(([other]) => other === row).map(([, duration]) => duration)
        return JSON.stringify(sketches.percentiles(row, own.length)) === JSON.stringify(percentilesOf(own))
      })
    },
  )
  holds(t, apart, 200)
})

t.test('a count that is not that of the row is an error, not a wrong percentile', async (t) => {
  t.throws(() => sketchesOf([1, 2]).percentiles(0, 3), { message: 'row 0 has 2 durations, not 3' })
  t.throws(() => sketchesOf([1]).percentiles(9, 1), { message: 'row 9 has 0 durations, not 1' })
})

t.test('memory grows with the rows and the spread of their durations, not with the calls', async (t) => {
  const sketches = new DurationSketches()
  for (let row = 0; row < 50_000; row++) {
    // Each between 1 and 4 ms: two doublings.
    for (let call = 0; call < 20; call++) sketches.add(row, 1e6 * 4 ** (((row + call * 7) % 20) / 20), 1)
  }
  t.ok(sketches.percentiles(49_999, 20).p50Ns > 1e6)
  t.ok(sketches.bytes < 60 * 2 ** 20, `${(sketches.bytes / 2 ** 20).toFixed(1)} MiB held`)
})
