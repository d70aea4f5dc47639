import t from 'tap'
import {
  TempoConnectionError,
  TempoStatusError,
  TempoTooLargeError,
} from '../../../src/sources/tempo/client/tempo-errors.ts'
import { type Slice, SlicePlanner } from '../../../src/sources/tempo/search/slice-planner.ts'
import { querySpanHistogram, SpanHistogram } from '../../../src/sources/tempo/search/span-histogram.ts'
import { startRead } from '../../support/tempo/search-context.ts'

const timeout = new TempoConnectionError('Tempo did not answer in time', true, undefined)
const widthOf = (slice: Slice | undefined) => slice && slice.endSec - slice.startSec

t.test('drops a histogram that misses whole slices', async (t) => {
  // The histogram knows spans of the oldest 100 s only.
  const histogram = new SpanHistogram(0, 100, [1000, ...Array<number>(9).fill(0)])
  const planner = new SlicePlanner({ startSec: 0, endSec: 1000, targetSpans: 1000, histogram })
  const first = planner.next(100) as Slice
  t.same([first.startSec, first.endSec], [900, 1000])
  planner.done(first, 100_000)
  t.equal(widthOf(planner.next(100)), 1, 'the density that was found decides')
})

t.test('keeps a histogram that counts too few spans, and corrects it', async (t) => {
  const histogram = SpanHistogram.even(0, 1000, 1)
  const planner = new SlicePlanner({ startSec: 0, endSec: 1000, targetSpans: 100, histogram })
  const first = planner.next(100) as Slice
  t.equal(widthOf(first), 100)
  planner.done(first, 400)
  t.equal(widthOf(planner.next(100)), 25)
})

t.test('corrects a histogram by a factor of 8 at most for each slice', async (t) => {
  const histogram = SpanHistogram.even(0, 1000, 1)
  const planner = new SlicePlanner({ startSec: 0, endSec: 1000, targetSpans: 80, histogram })
  const first = planner.next(80) as Slice
  planner.done(first, 80 * 40)
  t.equal(widthOf(planner.next(80)), 10)
})

t.test('starts with a thirty-second of a window of unknown density, and grows threefold', async (t) => {
  const planner = new SlicePlanner({ startSec: 0, endSec: 3200, targetSpans: 1000 })
  const widths = [0, 0, 0].map(() => {
    const slice = planner.next(3200) as Slice
    planner.done(slice, 0)
    return widthOf(slice)
  })
  t.same(widths, [100, 300, 900])
})

t.test('reads the parts of a split slice before older slices', async (t) => {
  const planner = new SlicePlanner({ startSec: 0, endSec: 320, targetSpans: 1000 })
  const first = planner.next(320) as Slice
  t.same([first.startSec, first.endSec], [310, 320])
  t.ok(planner.splitAfterError(first, timeout, 3600))
  t.same(planner.next(320), { startSec: 315, endSec: 320, timeouts: 1 })
  t.same(planner.next(320), { startSec: 310, endSec: 315, timeouts: 1 })
  t.same(planner.next(320), { startSec: 305, endSec: 310, timeouts: 0 }, 'and the next is as narrow')
})

t.test('splits a slice by what went wrong with it', async (t) => {
  const widths = (split: (planner: SlicePlanner, slice: Slice) => boolean) => {
    const planner = new SlicePlanner({ startSec: 0, endSec: 3200, targetSpans: 1000 })
    if (!split(planner, planner.next(3200) as Slice)) return undefined
    const parts: number[] = []
    for (let end = 3200; end > 3100; end -= parts.at(-1) ?? 0) parts.push(widthOf(planner.next(3200)) ?? 0)
    return parts
  }
  const after = (error: unknown, maxSec = 3600) =>
    widths((planner, slice) => planner.splitAfterError(slice, error, maxSec))
  t.same(
    widths((planner, slice) => planner.splitUnfinished(slice)),
    [25, 25, 25, 25],
    'unfinished',
  )
  t.same(after(new TempoTooLargeError('too large')), [25, 25, 25, 25], 'too large')
  t.same(after(timeout), [50, 50], 'timed out')
  t.same(after(new TempoStatusError('/api/search', 400, 'range too long'), 40), [32, 34, 34], 'too long')
  t.equal(after(new TempoStatusError('/api/search', 400, 'other')), undefined)
})

t.test('splits no part of the window after it timed out three times', async (t) => {
  const planner = new SlicePlanner({ startSec: 0, endSec: 3200, targetSpans: 1000 })
  let slice = planner.next(3200) as Slice
  for (const isSplit of [true, true, true, false]) {
    t.equal(planner.splitAfterError(slice, timeout, 3600), isSplit)
    if (isSplit) slice = planner.next(3200) as Slice
  }
  t.match(slice, { timeouts: 3 })
})

t.test('does not split a slice of one second', async (t) => {
  const planner = new SlicePlanner({ startSec: 0, endSec: 10, targetSpans: 1000 })
  const slice = planner.next(1) as Slice
  t.equal(planner.splitUnfinished(slice), false)
  t.equal(planner.splitAfterError(slice, timeout, 3600), false)
})

t.test('has not read a time that a slice in flight, a split part or the unplanned rest holds', async (t) => {
  const planner = new SlicePlanner({ startSec: 0, endSec: 320, targetSpans: 1000 })
  const first = planner.next(320) as Slice
  t.equal(planner.hasRead(316_000, 317_000), false, 'in flight')
  planner.splitAfterError(first, timeout, 3600)
  const newest = planner.next(320) as Slice
  planner.done(newest, 1)
  t.equal(planner.hasRead(316_000, 317_000), true)
  t.equal(planner.hasRead(312_000, 317_000), false, 'a part of it waits')
  planner.done(planner.next(320) as Slice, 1)
  t.equal(planner.hasRead(312_000, 317_000), true)
  t.equal(planner.hasRead(309_000, 317_000), false, 'not planned yet')
})

t.test('a sample of the metrics counts half before its timestamp and half after it', async (t) => {
  const samples = [
    { timestampMs: '1000000', value: 20 },
    { timestampMs: '1500000', value: 100 },
  ]
  const body = JSON.stringify({ series: [{ samples }] })
  const { context } = await startRead(t, {
    fault: () => ({ status: 200, type: 'application/json', body }),
  })
  // 2400 s in 240 steps of 10 s.
  const histogram = await querySpanHistogram(context, '{ }', 1000, 3400)
  t.equal(histogram?.between(1490, 1500), 50, 'the step that ends there')
  t.equal(histogram?.between(1500, 1510), 50, 'the step that starts there')
  t.equal(histogram?.between(1000, 1010), 10)
  t.equal(histogram?.total, 110, 'nothing counts before the range')
})

t.test('metrics without a span, or too large to read, say nothing', async (t) => {
  for (const body of ['{}', ' '.repeat(2e6)]) {
    const { context } = await startRead(t, {
      fault: () => ({ status: 200, type: 'application/json', body }),
    })
    t.equal(await querySpanHistogram(context, '{ }', 1000, 3400), undefined)
  }
})
