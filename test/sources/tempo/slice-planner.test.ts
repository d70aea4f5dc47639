import t from 'tap'
import { type Slice, SlicePlanner } from '../../../src/sources/tempo/search/slice-planner.ts'
import { SpanHistogram } from '../../../src/sources/tempo/search/span-histogram.ts'

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
  t.ok(planner.split(first, 2, 1))
  t.same(planner.next(320), { startSec: 315, endSec: 320, timeouts: 1 })
  t.same(planner.next(320), { startSec: 310, endSec: 315, timeouts: 1 })
  t.same(planner.next(320), { startSec: 305, endSec: 310, timeouts: 0 }, 'and the next is as narrow')
})

t.test('does not split a slice of one second', async (t) => {
  const planner = new SlicePlanner({ startSec: 0, endSec: 10, targetSpans: 1000 })
  const slice = planner.next(1) as Slice
  t.equal(planner.split(slice, 4), false)
})

t.test('has not read a time that a slice in flight, a split part or the unplanned rest holds', async (t) => {
  const planner = new SlicePlanner({ startSec: 0, endSec: 320, targetSpans: 1000 })
  const first = planner.next(320) as Slice
  t.equal(planner.hasRead(316_000, 317_000), false, 'in flight')
  planner.split(first, 2)
  const newest = planner.next(320) as Slice
  planner.done(newest, 1)
  t.equal(planner.hasRead(316_000, 317_000), true)
  t.equal(planner.hasRead(312_000, 317_000), false, 'a part of it waits')
  planner.done(planner.next(320) as Slice, 1)
  t.equal(planner.hasRead(312_000, 317_000), true)
  t.equal(planner.hasRead(309_000, 317_000), false, 'not planned yet')
})
