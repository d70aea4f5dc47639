import { withRoom } from '../columns/grow.ts'

/** The percentiles that a sketch answers, ns. */
export interface Percentiles {
  p50Ns: number
  p95Ns: number
  p99Ns: number
}

/** Buckets that divide one doubling of the duration: 2^6. */
const octaveBits = 6
/** Bits of a float's mantissa that its upper word holds (IEEE 754, binary64). */
const upperMantissaBits = 20
/** Upper word of 1.0: exponents are stored with 1023 added. */
const upperWordOfOne = 1023 << upperMantissaBits

/** The shortest window of a row, in buckets, as a power of two: durations of one operation lie close together. */
const windowBits = 3

const float = new Float64Array(1)
const words = new Int32Array(float.buffer)
/** Which of the two words holds the exponent: that depends on the machine. */
const upper = new Uint8Array(Int32Array.of(1).buffer)[0] === 1 ? 1 : 0

/**
 * Durations of many nodes or edges, a histogram for each, from which percentiles are read with an error of
 * less than 0.8 %.
 *
 * It is a DDSketch (Masson, Rim, Lee: VLDB 2019) with the mapping that costs least: a bucket is what floats of
 * one exponent and the same first 6 bits of mantissa have in common, so 64 buckets divide each doubling evenly
 * and none is wider than 1/64 of its lower end. Kept are counts of integers: sketches can be added, a duration
 * can be taken back, and order changes no bit. A bucket counts up to 2^31 - 1.
 *
 * A row has a window of buckets, from the one of its shortest duration to that of its longest, whose length is a power
 * of two: 44 bytes for a row of equal durations, some 256 for each doubling that its durations span.
 */
export class DurationSketches {
  /**
   * Three numbers for each row, side by side because they are always read together: where its window starts in
   * `counts`, how many buckets it has, and the number of the first.
   */
  private windows = new Int32Array(64 * 3)
  private counts = new Int32Array(1024)
  /** Counts in use; the first is in none, so that 0 stands for no window. */
  private length = 1
  /** Start of a window that a row has grown out of, by the power of two that is its length; each holds the next. */
  private readonly left = new Int32Array(32)

  /** What the columns take, unused capacity included. */
  get bytes(): number {
    return this.windows.byteLength + this.counts.byteLength
  }

  /**
   * Counts a duration on row `row`.
   *
   * @param durationNs 0 to 2^64; below 1 counts as 0
   * @param times how often; below 0 takes it back
   */
  add(row: number, durationNs: number, times: number): void {
    // First the place: there may be other counts afterwards.
    const place = this.placeOf(row, bucketOf(durationNs))
    this.counts[place]! += times
  }

  /** Adds row `from` of `other` to row `row`. */
  addRow(row: number, other: DurationSketches, from: number): void {
    const { start, length, first } = other.windowOf(from)
    for (let at = 0; at < length; at++) {
      const times = other.counts[start + at]!
      if (times === 0) continue
      const place = this.placeOf(row, first + at)
      this.counts[place]! += times
    }
  }

  /**
   * Percentiles of row `row` by nearest rank: the shortest duration that so many percent do not exceed.
   *
   * @param count how many durations the row has, at least 1
   */
  percentiles(row: number, count: number): Percentiles {
    // Not 0.95 * count, which may come out just over a whole number.
    const rankOf = (percent: number) => Math.ceil((count * percent) / 100)
    const [p50Ns, p95Ns, p99Ns] = this.atRanks(row, [rankOf(50), rankOf(95), rankOf(99)]) as [
      number,
      number,
      number,
    ]
    return { p50Ns, p95Ns, p99Ns }
  }

  /**
   * The durations of row `row` that stand at these ranks, from 1, in order of length.
   *
   * @param ranks in ascending order
   */
  atRanks(row: number, ranks: number[]): number[] {
    const durations: number[] = []
    const { start, length, first } = this.windowOf(row)
    let passed = 0
    for (let at = 0; at < length && durations.length < ranks.length; at++) {
      passed += this.counts[start + at]!
      while (passed >= ranks[durations.length]!) durations.push(durationOf(first + at))
    }
    if (durations.length === ranks.length) return durations
    throw new RangeError(`row ${row} has ${passed} durations, not ${ranks.at(-1)}`)
  }

  private windowOf(row: number): { start: number; length: number; first: number } {
    const [start = 0, length = 0, first = 0] = this.windows.subarray(row * 3, row * 3 + 3)
    return { start, length, first }
  }

  /** Where a bucket of a row is in `counts`; there is one afterwards. */
  private placeOf(row: number, bucket: number): number {
    const { windows } = this
    const window = row * 3
    if (window < windows.length) {
      const at = bucket - windows[window + 2]!
      if (at >= 0 && at < windows[window + 1]!) return windows[window]! + at
    } else this.windows = withRoom(windows, window + 3)
    this.widen(window, bucket)
    return this.windows[window]! + bucket - this.windows[window + 2]!
  }

  /** Gives a row a window that holds the bucket as well, and leaves the old one to whoever needs one of its length. */
  private widen(window: number, bucket: number): void {
    const { windows, counts } = this
    const oldStart = windows[window]!
    const oldLength = windows[window + 1]!
    // Those that are used, as far as that goes.
    let begin = oldStart
    let end = oldStart + oldLength
    while (begin < end && counts[begin] === 0) begin++
    while (begin < end && counts[end - 1] === 0) end--
    const usedFrom = begin === end ? bucket : windows[window + 2]! + begin - oldStart
    const from = Math.min(bucket, usedFrom)
    const to = Math.max(bucket + 1, usedFrom + end - begin)
    const bits = Math.max(windowBits, bitsOf(to - from))
    const start = this.takeWindow(bits)
    // Where it grew downwards, the room that is left is below as well.
    const first = from < usedFrom ? Math.max(0, to - 2 ** bits) : from
    windows[window] = start
    windows[window + 1] = 2 ** bits
    windows[window + 2] = first
    this.counts.copyWithin(start + usedFrom - first, begin, end)
    if (oldLength > 0) this.leaveWindow(oldStart, bitsOf(oldLength))
  }

  /** Start of a window of 2^bits counts, all 0. */
  private takeWindow(bits: number): number {
    const length = 2 ** bits
    const left = this.left[bits]!
    if (left > 0) {
      this.left[bits] = this.counts[left]!
      this.counts.fill(0, left, left + length)
      return left
    }
    const start = this.length
    this.length += length
    if (this.length > this.counts.length) this.counts = withRoom(this.counts, this.length)
    return start
  }

  private leaveWindow(start: number, bits: number): void {
    this.counts[start] = this.left[bits]!
    this.left[bits] = start
  }
}

/** The smallest power of two, as its exponent, that is not less than a length of at least 1. */
const bitsOf = (length: number) => 32 - Math.clz32(length - 1)

/** Number of the bucket: 0 holds what is below 1 ns. */
function bucketOf(durationNs: number): number {
  if (durationNs < 1) return 0
  float[0] = durationNs
  return ((words[upper]! - upperWordOfOne) >> (upperMantissaBits - octaveBits)) + 1
}

/** The duration that is off by the least, in proportion, from any that falls into the bucket. */
function durationOf(bucket: number): number {
  if (bucket === 0) return 0
  const lower = lowerEnd(bucket)
  const upper = lowerEnd(bucket + 1)
  return (2 * lower * upper) / (lower + upper)
}

function lowerEnd(bucket: number): number {
  const octave = (bucket - 1) >> octaveBits
  const step = (bucket - 1) & (2 ** octaveBits - 1)
  return 2 ** octave * (1 + step / 2 ** octaveBits)
}
