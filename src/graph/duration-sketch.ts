import { grown } from './grown.ts'

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

/** Buckets are kept in pages of 2^3: the durations of one operation lie close together. */
const pageBits = 3
const pageSize = 2 ** pageBits

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
 * A row has a window of a directory, and the directory names the pages of buckets in which anything was ever
 * counted: 50 bytes for a row of equal durations, some 100 for each doubling that its durations fill.
 */
export class DurationSketches {
  /**
   * Three numbers for each row, side by side because they are always read together: where its window of the
   * directory starts, how long it is, and the page number it begins with.
   */
  private windows = new Int32Array(64 * 3)
  /** Where a page is in `counts`, in pages; 0 where there is none. */
  private directory = new Int32Array(256)
  private directoryLength = 0
  private counts = new Int32Array(64 * pageSize)
  private pages = 1

  /** What the columns take, unused capacity included. */
  get bytes(): number {
    return this.windows.byteLength + this.directory.byteLength + this.counts.byteLength
  }

  /**
   * Counts a duration on row `row`.
   *
   * @param durationNs 0 to 2^64; below 1 counts as 0
   * @param times how often; below 0 takes it back
   */
  add(row: number, durationNs: number, times: number): void {
    const bucket = bucketOf(durationNs)
    const page = this.pageOf(row, bucket >> pageBits)
    this.counts[page * pageSize + (bucket & (pageSize - 1))]! += times
  }

  /** Adds row `from` of `other` to row `row`. */
  addRow(row: number, other: DurationSketches, from: number): void {
    const length = other.windows[from * 3 + 1] ?? 0
    for (let at = 0; at < length; at++) {
      const otherPage = other.directory[other.windows[from * 3]! + at]!
      if (otherPage === 0) continue
      const page = this.pageOf(row, other.windows[from * 3 + 2]! + at)
      for (let bucket = 0; bucket < pageSize; bucket++) {
        this.counts[page * pageSize + bucket]! += other.counts[otherPage * pageSize + bucket]!
      }
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
    const window = row * 3
    let passed = 0
    for (let at = 0; at < (this.windows[window + 1] ?? 0); at++) {
      const page = this.directory[this.windows[window]! + at]!
      for (let bucket = 0; page > 0 && bucket < pageSize; bucket++) {
        passed += this.counts[page * pageSize + bucket]!
        while (passed >= ranks[durations.length]!) {
          durations.push(durationOf((this.windows[window + 2]! + at) * pageSize + bucket))
        }
        if (durations.length === ranks.length) return durations
      }
    }
    throw new RangeError(`row ${row} has ${passed} durations, not ${ranks.at(-1)}`)
  }

  /** Where the page with this number is in `counts`; there is one afterwards. */
  private pageOf(row: number, number: number): number {
    if (row * 3 < this.windows.length) {
      const at = number - this.windows[row * 3 + 2]!
      if (at >= 0 && at < this.windows[row * 3 + 1]!) {
        const page = this.directory[this.windows[row * 3]! + at]!
        if (page > 0) return page
      }
    }
    return this.addPage(row, number)
  }

  private addPage(row: number, number: number): number {
    if (row * 3 >= this.windows.length) {
      this.windows = grown(this.windows, Math.max((row + 1) * 3, this.windows.length * 2))
    }
    const at = number - this.windows[row * 3 + 2]!
    if (at < 0 || at >= this.windows[row * 3 + 1]!) this.widenWindow(row, number)
    const page = this.pages++
    if (this.pages * pageSize > this.counts.length) this.counts = grown(this.counts, this.counts.length * 2)
    this.directory[this.windows[row * 3]! + number - this.windows[row * 3 + 2]!] = page
    return page
  }

  /** Gives a row a window that reaches to page `number`, twice as long at least; the old one is left unused. */
  private widenWindow(row: number, number: number): void {
    const oldLength = this.windows[row * 3 + 1]!
    const oldStart = this.windows[row * 3]!
    const oldFirst = oldLength === 0 ? number : this.windows[row * 3 + 2]!
    const isBelow = number < oldFirst
    const reach = isBelow ? oldFirst + oldLength - number : number + 1 - oldFirst
    const length = 2 ** Math.ceil(Math.log2(reach))
    const start = this.directoryLength
    const first = isBelow ? oldFirst + oldLength - length : oldFirst
    this.directoryLength += length
    while (this.directoryLength > this.directory.length) {
      this.directory = grown(this.directory, this.directory.length * 2)
    }
    this.directory.copyWithin(start + oldFirst - first, oldStart, oldStart + oldLength)
    this.windows[row * 3] = start
    this.windows[row * 3 + 1] = length
    this.windows[row * 3 + 2] = first
  }
}

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
