import type { SpanTable } from '../../graph/spans/span-table.ts'
import {
  isValidSummary,
  maxAdjustedCount,
  type PrunedCalls,
  prunedDurations,
} from '../../graph/spans/span-weights.ts'
import type { ProtobufReader } from '../protobuf/protobuf-reader.ts'
import { readNumber, readNumbers } from './any-value.ts'
import { AttributeKeys } from './key-value.ts'
import { adjustedCountOf } from './tracestate-threshold.ts'

/**
 * Attributes of a summary span, which represents pruned spans (opentelemetry-collector-contrib
 * processor/spanpruningprocessor; grafana/tempo prunes traces by id with the same code).
 */
export const summaryAttributes: readonly string[] = [
  'aggregation.is_summary',
  'aggregation.span_count',
  'aggregation.duration_min_ns',
  'aggregation.duration_max_ns',
  'aggregation.duration_avg_ns',
  'aggregation.duration_total_ns',
  'aggregation.histogram_bucket_bounds_s',
  'aggregation.histogram_bucket_counts',
]
const scalars = ['isSummary', 'calls', 'minNs', 'maxNs', 'avgNs', 'totalNs'] as const
const sampling = summaryAttributes.length
const summaryKeys = new AttributeKeys(summaryAttributes)

/**
 * Fills the weight columns of a table: how many spans a span represents. The columns exist from the first span on that
 * represents more than itself. For each span, call `start`, then `read` for each attribute that `attributeOf` knows, in
 * any order. Call `finish` after the rest of the span has been read.
 */
export class WeightAttributeReader {
  private readonly table: SpanTable
  private readonly keys: AttributeKeys
  private isGiven = false
  /** Adjusted counts by source; 0: absent, NaN: invalid. */
  private byState = 0
  private byAttribute = 0
  private byResource = 0
  private summary = emptySummary()

  /** @param samplingKey key of the attribute that says how spans were sampled */
  constructor(table: SpanTable, samplingKey?: string) {
    this.table = table
    this.keys =
      samplingKey === undefined ? summaryKeys : new AttributeKeys([...summaryAttributes, samplingKey])
  }

  /** @param adjustedCount of each following span, by its resource; 0: absent */
  startResource(adjustedCount: number): void {
    this.byResource = adjustedCount
  }

  start(): void {
    this.byState = this.byAttribute = 0
    if (this.isGiven) this.summary = emptySummary()
    this.isGiven = this.byResource !== 0
  }

  /** Reads the tracestate from the reader's position to `end`. */
  traceState(reader: ProtobufReader, end: number): void {
    this.byState = adjustedCountOf(reader.bytes, reader.position, end)
    if (this.byState !== 0) this.isGiven = true
    reader.position = end
  }

  /** Returns the number of the attribute with the key from `start` to `end`, or -1. */
  attributeOf(view: DataView, start: number, end: number): number {
    return this.keys.indexOf(view, start, end)
  }

  /** Reads the AnyValue from `reader.position` to `end`. @throws {ProtobufError} */
  read(attribute: number, reader: ProtobufReader, end: number): void {
    this.isGiven = true
    const { summary } = this
    const scalar = scalars[attribute]
    if (scalar !== undefined) summary[scalar] = readNumber(reader, end)
    else if (attribute === sampling) this.byAttribute = adjustedCountOfRatio(readNumber(reader, end))
    else if (attribute === sampling - 1) summary.cumulativeCounts = readNumbers(reader, end)
    else summary.boundsSec = readNumbers(reader, end)
  }

  finish(row: number): void {
    if (!this.isGiven) return
    const { summary, table } = this
    const counts = [this.byState, this.byAttribute, this.byResource]
    const adjustedCount = counts.find((count) => count > 0) ?? 1
    let isBad = adjustedCount === 1 && counts.some(Number.isNaN)
    if (summary.isSummary === 1) {
      isBad ||= !isValidSummary(summary)
      if (isValidSummary(summary) && summary.calls > 1) {
        const { totalNs, durations } = prunedDurations(summary, table.durationNs[row]!)
        table.enableWeights().setSummary(row, summary.calls, totalNs, durations)
      }
    }
    if (adjustedCount !== 1) table.enableWeights().setAdjustedCount(row, adjustedCount)
    if (isBad) table.enableWeights().invalid[row] = 1
  }
}

const emptySummary = (): PrunedCalls & { isSummary: number } => ({
  isSummary: 0,
  calls: Number.NaN,
  minNs: Number.NaN,
  maxNs: Number.NaN,
  avgNs: Number.NaN,
  totalNs: Number.NaN,
  boundsSec: [],
  cumulativeCounts: [],
})

/**
 * Computes the adjusted count of a sampled span: how many spans it represents.
 *
 * @param ratio below 1 the share of spans that were kept; from 1 on the count itself, as in Honeycomb's SampleRate
 * @returns NaN for an invalid ratio
 */
export function adjustedCountOfRatio(ratio: number): number {
  const count = ratio > 0 && ratio < 1 ? 1 / ratio : ratio
  return count >= 1 && count <= maxAdjustedCount ? count : Number.NaN
}
