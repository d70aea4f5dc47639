import { addExactly, addSum, readSum } from '../columns/exact-sums.ts'
import { withRoom } from '../columns/grow.ts'
import { SpanStatus, type SpanTable } from '../spans/span-table.ts'
import type { MeasuredSpans, WeightColumns } from '../spans/span-weights.ts'
import { DurationSketches, type Percentiles } from './duration-sketch.ts'
import { CurrentTrace, ExemplarColumns, type Exemplars, noExemplars } from './exemplars.ts'
import { type AdjustedCount, certain, SampledCalls } from './sampled-calls.ts'

/** RED totals of one node or edge: rate, errors, duration, and time on the critical path. All 0 without calls. */
export interface Red extends Percentiles, AdjustedCount {
  /** Calls. */
  count: number
  /** Failed calls: status ERROR; at the service level of either side. */
  failed: number
  /** Failed calls before sampling. */
  adjustedFailed: AdjustedCount
  /** Calls that did not fail and took longer than `slowThresholdMs`. */
  slow: number
  /** Mean duration, ns. */
  meanNs: number
  /** Time on the critical paths of the traces, ns, without the time of its callees. */
  criticalPathNs: number
  /** Example traces with such a call. */
  exemplars: Exemplars
}

/** The cells of a row are adjacent because they are always changed together. Sums take two cells. */
const cellsPerRow = 8
const count = 0
const failed = 1
const slow = 2
const timeNs = 3
const criticalPathNs = 5

/** RED totals of many nodes or edges. All sums are exact, so the order of spans changes no digit of the result. */
export class RedColumns {
  length = 0
  private cells = new Float64Array(64 * cellsPerRow)
  /** Absent as long as no call was sampled. */
  private sampled: SampledCalls | undefined
  /** The same for the failed calls only. */
  private sampledFailed: SampledCalls | undefined
  private readonly trace: CurrentTrace
  private readonly durations = new DurationSketches()
  private readonly exemplars: ExemplarColumns

  /** @param trace the trace whose calls are added; optional if only whole rows are added */
  constructor(trace = new CurrentTrace()) {
    this.trace = trace
    this.exemplars = new ExemplarColumns(trace)
  }

  /** Returns the calls of row `row`. */
  countOf(row: number): number {
    return this.cells[row * cellsPerRow + count] ?? 0
  }

  /**
   * Adds the calls that a span represents to row `row`, or removes them if `sign` is -1.
   *
   * @param unrecorded adjusted count of each call less 1, in whole millionths; by default that of the span
   */
  addSpan(
    row: number,
    spans: SpanTable,
    span: number,
    slowThresholdNs: number,
    sign: 1 | -1,
    unrecorded?: number,
  ): void {
    this.addCall(row, spans, span, spans.status[span] === SpanStatus.error, slowThresholdNs, sign, unrecorded)
  }

  /** Does the same with `hasFailed` instead of the span's status. */
  addCall(
    row: number,
    spans: MeasuredSpans,
    span: number,
    hasFailed: boolean,
    slowThresholdNs: number,
    sign: 1 | -1,
    unrecorded = spans.weights?.unrecorded[span] ?? 0,
  ): void {
    const { weights } = spans
    if (unrecorded !== 0) this.addWeight(row, unrecorded, weights?.calls[span] ?? 1, hasFailed, sign)
    if (weights === undefined || weights.calls[span] === 1)
      this.addOne(row, spans.durationNs[span]!, hasFailed, slowThresholdNs, sign)
    else this.addSummary(row, weights, span, hasFailed, slowThresholdNs, sign)
  }

  /**
   * Adds only the calls that were not recorded.
   *
   * @param unrecorded adjusted count of each call less 1, in whole millionths
   */
  addWeight(row: number, unrecorded: number, calls: number, hasFailed: boolean, sign: 1 | -1): void {
    if (unrecorded === 0) return
    this.reserve(row)
    this.sampled ??= new SampledCalls(this.trace)
    this.sampled.add(row, unrecorded, calls, sign)
    if (!hasFailed) return
    this.sampledFailed ??= new SampledCalls(this.trace)
    this.sampledFailed.add(row, unrecorded, calls, sign)
  }

  /** Adds a trace, which begins with this span and counts once even if the span is a summary. */
  addTrace(row: number, spans: SpanTable, span: number, slowThresholdNs: number, sign: 1 | -1): void {
    const { weights } = spans
    const hasFailed = spans.status[span] === SpanStatus.error
    if (weights) this.addWeight(row, weights.unrecorded[span]!, 1, hasFailed, sign)
    this.addOne(row, spans.durationNs[span]!, hasFailed, slowThresholdNs, sign)
  }

  private addOne(
    row: number,
    durationNs: number,
    hasFailed: boolean,
    slowThresholdNs: number,
    sign: 1 | -1,
  ): void {
    const cells = this.reserve(row)
    const at = row * cellsPerRow
    cells[at + count]! += sign
    if (hasFailed) cells[at + failed]! += sign
    else if (durationNs > slowThresholdNs) cells[at + slow]! += sign
    addExactly(cells, at + timeNs, durationNs, sign)
    this.durations.add(row, durationNs, sign)
    this.exemplars.add(row, durationNs, hasFailed, sign)
  }

  private addSummary(
    row: number,
    weights: WeightColumns,
    span: number,
    hasFailed: boolean,
    slowThresholdNs: number,
    sign: 1 | -1,
  ): void {
    const calls = sign * weights.calls[span]!
    const { values } = weights.durations
    const start = weights.durations.start(span)
    const cells = this.reserve(row)
    const at = row * cellsPerRow
    cells[at + count]! += calls
    if (hasFailed) cells[at + failed]! += calls
    addExactly(cells, at + timeNs, weights.totalNs[span]!, sign)
    for (let bucket = start; bucket < start + weights.durations.length(span); bucket += 2) {
      const times = sign * values[bucket + 1]!
      if (!hasFailed && values[bucket]! > slowThresholdNs) cells[at + slow]! += times
      this.durations.add(row, values[bucket]!, times)
      this.exemplars.add(row, values[bucket]!, hasFailed, sign)
    }
  }

  /** Adds time on a critical path to row `row`, or removes it if `sign` is -1. */
  addCriticalPath(row: number, ns: number, sign: 1 | -1): void {
    if (ns > 0) addExactly(this.reserve(row), row * cellsPerRow + criticalPathNs, ns, sign)
  }

  /** Adds only the time on critical paths of row `from` of `other` to row `row`. */
  addCriticalPathOf(row: number, other: RedColumns, from: number): void {
    const at = row * cellsPerRow + criticalPathNs
    addSum(this.reserve(row), at, other.cells, from * cellsPerRow + criticalPathNs)
  }

  /** Adds row `from` of `other` to row `row`. They count different traces. */
  addRow(row: number, other: RedColumns, from: number): void {
    this.addRecorded(row, other, from)
    if (!other.sampled) return
    this.sampled ??= new SampledCalls(this.trace)
    this.sampled.addRow(row, other.sampled, from)
    if (!other.sampledFailed) return
    this.sampledFailed ??= new SampledCalls(this.trace)
    this.sampledFailed.addRow(row, other.sampledFailed, from)
  }

  /**
   * Does the same for rows that may count spans of the same traces.
   *
   * @param withPath whether to add its time on critical paths as well
   */
  addDependentRow(row: number, other: RedColumns, from: number, withPath = true): void {
    this.addRecorded(row, other, from, withPath)
    this.addDependentWeight(row, other, from)
  }

  /** Adds only the calls that were not recorded, of a row that may count spans of the same traces. */
  addDependentWeight(row: number, other: RedColumns, from: number): void {
    if (!other.sampled) return
    this.sampled ??= new SampledCalls(this.trace)
    this.sampled.addDependentRow(row, other.sampled, from)
    if (!other.sampledFailed) return
    this.sampledFailed ??= new SampledCalls(this.trace)
    this.sampledFailed.addDependentRow(row, other.sampledFailed, from)
  }

  /** Adds all but the calls that were not recorded. */
  addRecorded(row: number, other: RedColumns, from: number, withPath = true): void {
    const cells = this.reserve(row)
    const at = row * cellsPerRow
    const otherAt = from * cellsPerRow
    for (let cell = count; cell <= slow; cell++) cells[at + cell]! += other.cells[otherAt + cell]!
    addSum(cells, at + timeNs, other.cells, otherAt + timeNs)
    if (withPath) addSum(cells, at + criticalPathNs, other.cells, otherAt + criticalPathNs)
    this.durations.addRow(row, other.durations, from)
    this.exemplars.addRow(row, other.exemplars, from)
  }

  read(row: number): Red {
    const { cells, durations } = this
    const calls = this.countOf(row)
    if (calls === 0) return { ...none }
    const at = row * cellsPerRow
    const meanNs = readSum(cells, at + timeNs) / calls
    // The duration of a single call is known exactly.
    const percentiles =
      calls === 1 ? { p50Ns: meanNs, p95Ns: meanNs, p99Ns: meanNs } : durations.percentiles(row, calls)
    return {
      count: calls,
      ...(this.sampled?.read(row, calls) ?? certain(calls)),
      failed: cells[at + failed]!,
      adjustedFailed: this.sampledFailed?.read(row, cells[at + failed]!) ?? certain(cells[at + failed]!),
      slow: cells[at + slow]!,
      meanNs,
      criticalPathNs: readSum(cells, at + criticalPathNs),
      ...percentiles,
      exemplars: this.exemplars.read(row, percentiles.p50Ns),
    }
  }

  private reserve(row: number): Float64Array {
    if (row >= this.length) {
      this.length = row + 1
      const { cells } = this
      if (this.length * cellsPerRow > cells.length) this.cells = withRoom(cells, this.length * cellsPerRow)
    }
    return this.cells
  }
}

const none: Red = {
  count: 0,
  ...certain(0),
  failed: 0,
  adjustedFailed: certain(0),
  slow: 0,
  meanNs: 0,
  criticalPathNs: 0,
  p50Ns: 0,
  p95Ns: 0,
  p99Ns: 0,
  exemplars: noExemplars,
}
