import { DurationSketches, type Percentiles } from './duration-sketch.ts'
import { ExactSums } from './exact-sums.ts'
import { SpanStatus, type SpanTable } from './span-table.ts'

/** RED totals of one node or edge: rate, errors, duration, and what of it was waited for; all 0 where there was no call. */
export interface Red extends Percentiles {
  /** Calls. */
  count: number
  /** Calls with status ERROR. */
  failed: number
  /** Calls that did not fail and took longer than the threshold. */
  slow: number
  /** Mean duration, ns. */
  meanNs: number
  /** Time on the critical paths of the traces, ns, without that of what was called in turn. */
  criticalPathNs: number
}

/**
 * RED totals of many nodes or edges, a column for each figure. All are exact, so the order in which spans arrive
 * cannot change a digit of the result.
 */
export class RedColumns {
  length = 0
  count = new Float64Array(64)
  failed = new Float64Array(64)
  slow = new Float64Array(64)
  private readonly timeNs = new ExactSums()
  private readonly criticalPathNs = new ExactSums()
  private readonly durations = new DurationSketches()

  /** Adds one span to row `row`, or takes it back when `sign` is -1. */
  addSpan(row: number, spans: SpanTable, span: number, slowThresholdNs: number, sign: 1 | -1): void {
    const failed = spans.status[span] === SpanStatus.error
    this.addCall(row, spans.durationNs[span]!, failed, slowThresholdNs, sign)
  }

  /** Adds one call to row `row`, or takes it back when `sign` is -1. */
  addCall(row: number, durationNs: number, failed: boolean, slowThresholdNs: number, sign: 1 | -1): void {
    if (row >= this.count.length) this.grow(row)
    if (row >= this.length) this.length = row + 1
    this.count[row]! += sign
    if (failed) this.failed[row]! += sign
    else if (durationNs > slowThresholdNs) this.slow[row]! += sign
    this.timeNs.add(row, durationNs, sign)
    this.durations.add(row, durationNs, sign)
  }

  /** Adds time on a critical path to row `row`, which has a call, or takes it back when `sign` is -1. */
  addCriticalPath(row: number, ns: number, sign: 1 | -1): void {
    if (ns > 0) this.criticalPathNs.add(row, ns, sign)
  }

  /** Adds row `from` of `other` to row `row`. */
  addRow(row: number, other: RedColumns, from: number): void {
    if (row >= this.count.length) this.grow(row)
    if (row >= this.length) this.length = row + 1
    this.count[row]! += other.count[from]!
    this.failed[row]! += other.failed[from]!
    this.slow[row]! += other.slow[from]!
    this.timeNs.addRow(row, other.timeNs, from)
    this.criticalPathNs.addRow(row, other.criticalPathNs, from)
    this.durations.addRow(row, other.durations, from)
  }

  read(row: number): Red {
    const count = this.count[row] ?? 0
    if (count === 0) return { ...none }
    const meanNs = this.timeNs.read(row) / count
    // Of a single call the duration is known.
    const percentiles =
      count === 1 ? { p50Ns: meanNs, p95Ns: meanNs, p99Ns: meanNs } : this.durations.percentiles(row, count)
    const criticalPathNs = this.criticalPathNs.read(row)
    return { count, failed: this.failed[row]!, slow: this.slow[row]!, meanNs, criticalPathNs, ...percentiles }
  }

  private grow(row: number): void {
    const capacity = Math.max(row + 1, this.count.length * 2)
    this.count = grown(this.count, capacity)
    this.failed = grown(this.failed, capacity)
    this.slow = grown(this.slow, capacity)
  }
}

const none: Red = {
  count: 0,
  failed: 0,
  slow: 0,
  meanNs: 0,
  criticalPathNs: 0,
  p50Ns: 0,
  p95Ns: 0,
  p99Ns: 0,
}

function grown(column: Float64Array<ArrayBuffer>, capacity: number): Float64Array<ArrayBuffer> {
  const next = new Float64Array(capacity)
  next.set(column)
  return next
}
