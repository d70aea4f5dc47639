import { DurationSketches, type Percentiles } from './duration-sketch.ts'
import { ExactSums } from './exact-sums.ts'
import { ExemplarColumns, type Exemplars, noExemplars } from './exemplars.ts'
import { grown } from './grown.ts'
import { SpanStatus, type SpanTable } from './span-table.ts'
import { TraceAtHand } from './trace-at-hand.ts'
import { adjustedScale, type MeasuredSpans, type WeightColumns } from './weight-columns.ts'

/** RED totals of one node or edge: rate, errors, duration, and what of it was waited for; all 0 where there was no call. */
export interface Red extends Percentiles {
  /** Calls. */
  count: number
  /** Calls before sampling, as far as the spans tell; `count` where they say nothing. Whole millionths. */
  adjustedCount: number
  /** Calls with status ERROR. */
  failed: number
  /** Calls that did not fail and took longer than the threshold. */
  slow: number
  /** Mean duration, ns. */
  meanNs: number
  /** Time on the critical paths of the traces, ns, without that of what was called in turn. */
  criticalPathNs: number
  /** Traces in which such a call can be seen. */
  exemplars: Exemplars
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
  /** Adjusted count less count, in whole millionths. */
  private readonly unseen = new ExactSums()
  private readonly timeNs = new ExactSums()
  private readonly criticalPathNs = new ExactSums()
  private readonly durations = new DurationSketches()
  private readonly exemplars: ExemplarColumns

  /** @param trace the trace whose calls are added; may be left out where only whole rows are */
  constructor(trace = new TraceAtHand()) {
    this.exemplars = new ExemplarColumns(trace)
  }

  /** Adds the calls that a span stands for to row `row`, or takes them back when `sign` is -1. */
  addSpan(row: number, spans: SpanTable, span: number, slowThresholdNs: number, sign: 1 | -1): void {
    this.addCall(row, spans, span, spans.status[span] === SpanStatus.error, slowThresholdNs, sign)
  }

  /** The same where the span's status does not say whether they failed. */
  addCall(
    row: number,
    spans: MeasuredSpans,
    span: number,
    failed: boolean,
    slowThresholdNs: number,
    sign: 1 | -1,
  ): void {
    const { weights } = spans
    if (weights === undefined || weights.isPlain(span)) {
      this.addOne(row, spans.durationNs[span]!, failed, slowThresholdNs, sign)
      return
    }
    this.unseen.add(row, weights.unseenPerCall(span) * weights.calls[span]!, sign)
    if (weights.calls[span] === 1) this.addOne(row, spans.durationNs[span]!, failed, slowThresholdNs, sign)
    else this.addSummary(row, weights, span, failed, slowThresholdNs, sign)
  }

  /** Adds a trace, which begins with this span and counts once even where that is a summary. */
  addTrace(row: number, spans: SpanTable, span: number, slowThresholdNs: number, sign: 1 | -1): void {
    const { weights } = spans
    if (weights) this.unseen.add(row, weights.unseenPerCall(span), sign)
    const failed = spans.status[span] === SpanStatus.error
    this.addOne(row, spans.durationNs[span]!, failed, slowThresholdNs, sign)
  }

  private addOne(
    row: number,
    durationNs: number,
    failed: boolean,
    slowThresholdNs: number,
    sign: 1 | -1,
  ): void {
    this.reach(row)
    this.count[row]! += sign
    if (failed) this.failed[row]! += sign
    else if (durationNs > slowThresholdNs) this.slow[row]! += sign
    this.timeNs.add(row, durationNs, sign)
    this.durations.add(row, durationNs, sign)
    this.exemplars.add(row, durationNs, failed, sign)
  }

  private addSummary(
    row: number,
    weights: WeightColumns,
    span: number,
    failed: boolean,
    slowThresholdNs: number,
    sign: 1 | -1,
  ): void {
    const calls = sign * weights.calls[span]!
    const { values } = weights.durations
    const start = weights.durations.start(span)
    this.reach(row)
    this.count[row]! += calls
    if (failed) this.failed[row]! += calls
    this.timeNs.add(row, weights.totalNs[span]!, sign)
    for (let at = start; at < start + weights.durations.length(span); at += 2) {
      const times = sign * values[at + 1]!
      if (!failed && values[at]! > slowThresholdNs) this.slow[row]! += times
      this.durations.add(row, values[at]!, times)
      this.exemplars.add(row, values[at]!, failed, sign)
    }
  }

  /** Adds time on a critical path to row `row`, which has a call, or takes it back when `sign` is -1. */
  addCriticalPath(row: number, ns: number, sign: 1 | -1): void {
    if (ns > 0) this.criticalPathNs.add(row, ns, sign)
  }

  /**
   * Adds row `from` of `other` to row `row`.
   *
   * @param withPath whether its time on critical paths is added as well
   */
  addRow(row: number, other: RedColumns, from: number, withPath = true): void {
    this.reach(row)
    this.count[row]! += other.count[from]!
    this.unseen.addRow(row, other.unseen, from)
    this.failed[row]! += other.failed[from]!
    this.slow[row]! += other.slow[from]!
    this.timeNs.addRow(row, other.timeNs, from)
    if (withPath) this.criticalPathNs.addRow(row, other.criticalPathNs, from)
    this.durations.addRow(row, other.durations, from)
    this.exemplars.addRow(row, other.exemplars, from)
  }

  read(row: number): Red {
    const count = this.count[row] ?? 0
    if (count === 0) return { ...none }
    const adjustedCount = (count * adjustedScale + this.unseen.read(row)) / adjustedScale
    const failed = this.failed[row]!
    const slow = this.slow[row]!
    const meanNs = this.timeNs.read(row) / count
    // Of a single call the duration is known.
    const percentiles =
      count === 1 ? { p50Ns: meanNs, p95Ns: meanNs, p99Ns: meanNs } : this.durations.percentiles(row, count)
    const criticalPathNs = this.criticalPathNs.read(row)
    const exemplars = this.exemplars.read(row, percentiles.p50Ns)
    return { count, adjustedCount, failed, slow, meanNs, criticalPathNs, ...percentiles, exemplars }
  }

  private reach(row: number): void {
    if (row >= this.count.length) this.grow(row)
    if (row >= this.length) this.length = row + 1
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
  adjustedCount: 0,
  failed: 0,
  slow: 0,
  meanNs: 0,
  criticalPathNs: 0,
  p50Ns: 0,
  p95Ns: 0,
  p99Ns: 0,
  exemplars: noExemplars,
}
