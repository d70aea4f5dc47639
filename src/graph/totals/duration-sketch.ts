import { withRoom } from '../columns/grow.ts'

/** Percentiles of durations, ns. */
export interface Percentiles {
  p50Ns: number
  p95Ns: number
  p99Ns: number
}

/** Buckets that divide one doubling of the duration: 2^6. */
const octaveBits = 6
/** Bits of a double's mantissa in its upper word (IEEE 754, binary64). */
const upperMantissaBits = 20
/** Upper word of 1.0: exponents are stored plus 1023. */
const upperWordOfOne = 1023 << upperMantissaBits

/** The shortest window of a row is 2^3 buckets, because durations of one operation are similar. */
const windowBits = 3

const float = new Float64Array(1)
const words = new Int32Array(float.buffer)
/** Index of the word with the exponent, which depends on the machine's byte order. */
const upper = new Uint8Array(Int32Array.of(1).buffer)[0] === 1 ? 1 : 0

/**
 * A histogram of durations for each of many nodes or edges, with percentiles that are wrong by less than 0.8 %.
 *
 * It is a DDSketch (Masson, Rim, Lee: VLDB 2019) with the cheapest mapping. A bucket holds the doubles with the same
 * exponent and the same first 6 bits of mantissa. So 64 buckets divide each doubling, and none is wider than 1/64 of its
 * lower end. Counts are integers: sketches can be added, a duration can be removed, and order changes no bit. A bucket
 * counts up to 2^31 - 1.
 *
 * A row has a window of buckets from its shortest duration to its longest, whose length is a power of two. A row of equal
 * durations takes 44 bytes. Each doubling that the durations span takes about 256 bytes.
 */
export class DurationSketches {
  /**
   * Three numbers for each row: where its window starts in `counts`, how many buckets it has, and the number of the
   * first bucket. They are adjacent because they are always read together.
   */
  private windows = new Int32Array(64 * 3)
  private counts = new Int32Array(1024)
  /** Counts in use. No window starts at 0, so that 0 means no window. */
  private length = 1
  /** Free windows by the exponent of their length: the start of the first one. Each holds the start of the next. */
  private readonly free = new Int32Array(32)

  /** Bytes of the columns, unused capacity included. */
  get bytes(): number {
    return this.windows.byteLength + this.counts.byteLength
  }

  /**
   * Counts a duration on row `row`.
   *
   * @param durationNs 0 to 2^64; below 1 counts as 0
   * @param times how often; a negative number removes the duration
   */
  add(row: number, durationNs: number, times: number): void {
    // First the place, because `placeOf` may replace `counts`.
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
   * Returns percentiles of row `row` by nearest rank: the shortest duration that the given percentage does not exceed.
   *
   * @param count how many durations the row has, at least 1
   */
  percentiles(row: number, count: number): Percentiles {
    // Not 0.95 * count, which may be just over a whole number.
    const rankOf = (percent: number) => Math.ceil((count * percent) / 100)
    const [p50Ns, p95Ns, p99Ns] = this.atRanks(row, [rankOf(50), rankOf(95), rankOf(99)]) as [
      number,
      number,
      number,
    ]
    return { p50Ns, p95Ns, p99Ns }
  }

  /**
   * Returns the durations of row `row` at these ranks, from 1, in ascending order of the durations.
   *
   * @param ranks in ascending order
   * @throws RangeError if a rank exceeds the number of durations
   * @throws RangeError if a rank exceeds the number of durations
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

  /** Returns the index in `counts` of a bucket of a row, widening the row's window if necessary. */
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

  /** Gives a row a window that also holds the bucket, and frees its old window. */
  private widen(window: number, bucket: number): void {
    const { windows, counts } = this
    const oldStart = windows[window]!
    const oldLength = windows[window + 1]!
    // Only the buckets in use move.
    let begin = oldStart
    let end = oldStart + oldLength
    while (begin < end && counts[begin] === 0) begin++
    while (begin < end && counts[end - 1] === 0) end--
    const usedFrom = begin === end ? bucket : windows[window + 2]! + begin - oldStart
    const from = Math.min(bucket, usedFrom)
    const to = Math.max(bucket + 1, usedFrom + end - begin)
    const bits = Math.max(windowBits, bitsOf(to - from))
    const start = this.takeWindow(bits)
    // If it grew downwards, the spare buckets are below as well.
    const first = from < usedFrom ? Math.max(0, to - 2 ** bits) : from
    windows[window] = start
    windows[window + 1] = 2 ** bits
    windows[window + 2] = first
    this.counts.copyWithin(start + usedFrom - first, begin, end)
    if (oldLength > 0) this.freeWindow(oldStart, bitsOf(oldLength))
  }

  /** Returns the start of a window of 2^bits counts, all 0. */
  private takeWindow(bits: number): number {
    const length = 2 ** bits
    const free = this.free[bits]!
    if (free > 0) {
      this.free[bits] = this.counts[free]!
      this.counts.fill(0, free, free + length)
      return free
    }
    const start = this.length
    this.length += length
    if (this.length > this.counts.length) this.counts = withRoom(this.counts, this.length)
    return start
  }

  private freeWindow(start: number, bits: number): void {
    this.counts[start] = this.free[bits]!
    this.free[bits] = start
  }
}

/** Returns the exponent of the smallest power of two that is at least `length`, which is at least 1. */
const bitsOf = (length: number) => 32 - Math.clz32(length - 1)

/** Returns the number of the bucket of a duration. Bucket 0 holds durations below 1 ns. */
function bucketOf(durationNs: number): number {
  if (durationNs < 1) return 0
  float[0] = durationNs
  return ((words[upper]! - upperWordOfOne) >> (upperMantissaBits - octaveBits)) + 1
}

/** Returns the duration with the smallest relative error for all durations of a bucket. */
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
