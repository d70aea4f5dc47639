import { resized, scratchCapacity } from '../columns/grow.ts'
import { ListColumn, RowList } from '../columns/row-lists.ts'

/** Adjusted counts are summed in whole millionths, so that the order of spans changes no digit. */
export const adjustedScale = 1e6
/** The largest adjusted count: a threshold of OpenTelemetry's consistent sampling has 56 bits. */
export const maxAdjustedCount = 2 ** 56
/** Most calls that one span may represent, because sketches count in 31 bits. */
const maxCalls = 2 ** 31 - 1

/** The columns of a `SpanTable` from which calls are counted. */
export interface MeasuredSpans {
  durationNs: Float64Array
  weights?: WeightColumns | undefined
  /** As in `SpanTable`. */
  context?: Uint8Array | undefined
}

/**
 * How many calls each span of a table represents: columns for the few tables in which a span represents several.
 *
 * A sampled span also represents calls that were never recorded; they only raise the adjusted count. A summary span
 * represents calls that were recorded and then pruned; they are counted as if they were present.
 */
export class WeightColumns {
  /** Recorded calls that the span represents: 1, unless it is a summary. */
  calls = new Float64Array(0)
  /** 1 if the span's attributes of sampling or pruning are impossible. */
  invalid = new Uint8Array(0)
  /** Of a summary: sum of the durations of its calls, ns. */
  totalNs = new Float64Array(0)
  /** Of a summary: pairs of a duration, ns, and the number of calls that had it; they add up to `calls`. */
  readonly durations = new ListColumn()
  /** Adjusted count of each call of the span less 1, in whole millionths. */
  unrecorded = new Float64Array(0)
  /**
   * The same for the call that reached the span. Its edge is known only if the caller's span was kept as well. It is the
   * largest of the rows from the span up to the first one with a service. `weighEdges` sets it.
   */
  unrecordedOnEdge = new Float64Array(0)
  /** Of each row: the largest of it and the rows above, up to the first one with a service; -1 if not known yet. */
  private heaviest = new Float64Array(0)
  private readonly chain = new RowList()

  /** Makes a row represent one call. Rows must be reset in ascending order. */
  reset(row: number): void {
    if (row >= this.calls.length) this.grow(Math.max(64, row * 2))
    this.calls[row] = 1
    this.invalid[row] = 0
    this.totalNs[row] = 0
    this.unrecorded[row] = 0
    this.durations.reset(row)
  }

  /** Gives a row all fields of row `from` of `other`, except those of its edge. */
  copy(row: number, other: WeightColumns, from: number): void {
    this.calls[row] = other.calls[from]!
    this.invalid[row] = other.invalid[from]!
    this.totalNs[row] = other.totalNs[from]!
    this.unrecorded[row] = other.unrecorded[from]!
    this.durations.copy(row, other.durations, from)
  }

  /** Gives a row that represents one call what another piece of its span represents. */
  addPiece(row: number, piece: number): void {
    if (!this.countsOnce(row) || this.countsOnce(piece)) return
    this.calls[row] = this.calls[piece]!
    this.totalNs[row] = this.totalNs[piece]!
    this.unrecorded[row] = this.unrecorded[piece]!
    this.durations.copy(row, this.durations, piece)
  }

  /** Returns whether the span represents one call only. */
  countsOnce(row: number): boolean {
    return this.unrecorded[row] === 0 && this.calls[row] === 1
  }

  /** @param count how many calls each call of the span represents, 1 to `maxAdjustedCount` */
  setAdjustedCount(row: number, count: number): void {
    this.unrecorded[row] = Math.round((count - 1) * adjustedScale)
  }

  /**
   * Sets `unrecordedOnEdge` of the rows of a trace.
   *
   * @param parent row of each row's parent, or a negative number; without cycles
   * @param service 0 for rows without a service
   */
  weighEdges(parent: Int32Array, service: Int32Array, rows: number): void {
    const { unrecorded, chain } = this
    if (this.unrecordedOnEdge.length < rows) {
      this.unrecordedOnEdge = new Float64Array(scratchCapacity(rows))
      this.heaviest = new Float64Array(scratchCapacity(rows))
    }
    const { heaviest } = this
    heaviest.fill(-1, 0, rows)
    for (let row = 0; row < rows; row++) {
      let above = parent[row]!
      // Long chains of rows without a service are walked once.
      for (chain.clear(); above >= 0 && heaviest[above]! < 0; above = parent[above]!) {
        chain.push(above)
        if (service[above] !== 0) break
      }
      let most = above >= 0 && heaviest[above]! >= 0 ? heaviest[above]! : 0
      for (let at = chain.length - 1; at >= 0; at--) {
        most = Math.max(most, unrecorded[chain.rows[at]!]!)
        heaviest[chain.rows[at]!] = most
      }
      this.unrecordedOnEdge[row] = Math.max(most, unrecorded[row]!)
    }
  }

  /**
   * Makes the span a summary of `calls` calls, 1 to `maxCalls`.
   *
   * @param durations pairs of a duration, ns, and how many calls had it, adding up to `calls`
   */
  setSummary(
    row: number,
    calls: number,
    totalNs: number,
    durations: [durationNs: number, calls: number][],
  ): void {
    this.calls[row] = calls
    this.totalNs[row] = totalNs
    const at = this.durations.append(row, durations.length * 2)
    this.durations.values.set(durations.flat(), at)
  }

  /** Compares two rows by all their fields, so that of two versions of a span the more complete one comes first. */
  compare(a: number, b: number): number {
    return (
      this.calls[b]! - this.calls[a]! ||
      this.unrecorded[b]! - this.unrecorded[a]! ||
      this.totalNs[b]! - this.totalNs[a]! ||
      this.invalid[a]! - this.invalid[b]! ||
      this.durations.compare(a, b)
    )
  }

  private grow(capacity: number): void {
    this.calls = resized(this.calls, capacity)
    this.invalid = resized(this.invalid, capacity)
    this.totalNs = resized(this.totalNs, capacity)
    this.unrecorded = resized(this.unrecorded, capacity)
  }
}

/** The attributes of a summary span about its pruned calls; NaN and [] for missing ones. */
export interface PrunedCalls {
  calls: number
  minNs: number
  maxNs: number
  avgNs: number
  totalNs: number
  /** Upper bounds of the histogram buckets, s. The last bucket has no bound. */
  boundsSec: number[]
  /** Calls in each bucket and the buckets before it. */
  cumulativeCounts: number[]
}

/** Durations, ns, and how many calls had each; they add up to the calls. */
export type Durations = [durationNs: number, calls: number][]

/** Returns whether a summary can represent its calls: their number is required. */
export function isValidSummary({ calls }: PrunedCalls): boolean {
  return Number.isInteger(calls) && calls >= 1 && calls <= maxCalls
}

/**
 * Estimates the durations of pruned calls. The shortest and the longest are known. Each of the others gets the middle
 * of its bucket or, without a histogram, an equal share of the rest of the total.
 *
 * @param pruned a summary for which `isValidSummary` is true
 * @param spanNs duration of the summary span, ns, which is the total if no attribute gives one
 */
export function prunedDurations(
  pruned: PrunedCalls,
  spanNs: number,
): { totalNs: number; durations: Durations } {
  const { calls } = pruned
  const isRange = pruned.minNs >= 0 && pruned.maxNs >= pruned.minNs
  const givenNs = totalOf(pruned, isRange, spanNs)
  if (!isRange || calls === 1) return { totalNs: givenNs, durations: [[Math.round(givenNs / calls), calls]] }
  const { minNs, maxNs } = pruned
  const others = calls - 2
  const totalNs = Math.min(Math.max(givenNs, minNs * (calls - 1) + maxNs), minNs + maxNs * (calls - 1))
  const buckets = bucketsOf(pruned) ?? [[others > 0 ? (totalNs - minNs - maxNs) / others : 0, calls]]
  buckets[0]![1]--
  buckets[buckets.length - 1]![1]--
  const durations: Durations = [[minNs, 1], ...buckets, [maxNs, 1]]
  return {
    totalNs,
    durations: durations.filter(([, count]) => count > 0).map(([ns, count]) => [Math.round(ns), count]),
  }
}

function totalOf(
  { calls, minNs, maxNs, avgNs, totalNs }: PrunedCalls,
  isRange: boolean,
  spanNs: number,
): number {
  if (totalNs >= 0) return totalNs
  if (avgNs >= 0) return Math.round(avgNs * calls)
  return isRange ? Math.round(((minNs + maxNs) / 2) * calls) : spanNs
}

/** Returns the middle and the calls of each bucket with calls; undefined if the histogram does not match the calls. */
function bucketsOf({ calls, minNs, maxNs, boundsSec, cumulativeCounts }: PrunedCalls): Durations | undefined {
  const isAscending = boundsSec.every((bound, at) => bound > (boundsSec[at - 1] ?? 0))
  const isCumulative = cumulativeCounts.every(
    (count, at) => Number.isInteger(count) && count >= (cumulativeCounts[at - 1] ?? 0),
  )
  if (cumulativeCounts.length !== boundsSec.length + 1 || cumulativeCounts.at(-1) !== calls) return undefined
  if (!isAscending || !isCumulative) return undefined
  const clamped = (ns: number) => Math.min(Math.max(ns, minNs), maxNs)
  const buckets = cumulativeCounts.map((count, at): [number, number] => {
    const lower = clamped((boundsSec[at - 1] ?? 0) * 1e9)
    const upper = clamped((boundsSec[at] ?? Number.POSITIVE_INFINITY) * 1e9)
    return [(lower + upper) / 2, count - (cumulativeCounts[at - 1] ?? 0)]
  })
  return buckets.filter(([, count]) => count > 0)
}
