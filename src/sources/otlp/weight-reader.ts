import type { SpanTable } from '../../graph/spans/span-table.ts'
import {
  isSummary,
  maxAdjustedCount,
  type PrunedCalls,
  prunedDurations,
} from '../../graph/spans/span-weights.ts'
import type { ProtobufReader } from '../protobuf/protobuf-reader.ts'
import { anyNumber, anyNumbers } from './any-number.ts'
import { KnownKeys } from './known-keys.ts'
import { adjustedCountOf } from './trace-state.ts'

/**
 * Attributes of a summary span, which stands for spans that were pruned (opentelemetry-collector-contrib
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
const summaryKeys = new KnownKeys(summaryAttributes)

/**
 * Fills the weight columns of a table, which appear with the first span that stands for more than itself. For each
 * span: `start`, `read` each attribute that `attributeOf` knows, in any order, `finish` when the rest is known.
 */
export class WeightReader {
  private readonly table: SpanTable
  private readonly keys: KnownKeys
  private isGiven = false
  /** By tracestate, attribute of the span, and of the resource; 0 where there is none, NaN where it is none. */
  private byState = 0
  private byAttribute = 0
  private byResource = 0
  private summary = nothing()

  /** @param samplingKey key of the attribute that says how the span was sampled, if any */
  constructor(table: SpanTable, samplingKey?: string) {
    this.table = table
    this.keys = samplingKey === undefined ? summaryKeys : new KnownKeys([...summaryAttributes, samplingKey])
  }

  /** @param adjustedCount what its resource says of each span that follows; 0: nothing */
  startResource(adjustedCount: number): void {
    this.byResource = adjustedCount
  }

  start(): void {
    this.byState = this.byAttribute = 0
    if (this.isGiven) this.summary = nothing()
    this.isGiven = this.byResource !== 0
  }

  /** A tracestate that reaches from the reader's position to `end`. */
  traceState(reader: ProtobufReader, end: number): void {
    this.byState = adjustedCountOf(reader.bytes, reader.position, end)
    if (this.byState !== 0) this.isGiven = true
    reader.position = end
  }

  /** Number of the attribute whose key is at `start` up to `end`, or -1. */
  attributeOf(view: DataView, start: number, end: number): number {
    return this.keys.indexOf(view, start, end)
  }

  /** Reads the AnyValue from `reader.position` up to `end`. @throws {ProtobufError} */
  read(attribute: number, reader: ProtobufReader, end: number): void {
    this.isGiven = true
    const { summary } = this
    const scalar = scalars[attribute]
    if (scalar !== undefined) summary[scalar] = anyNumber(reader, end)
    else if (attribute === sampling) this.byAttribute = adjustedCountOfRatio(anyNumber(reader, end))
    else if (attribute === sampling - 1) summary.cumulativeCounts = anyNumbers(reader, end)
    else summary.boundsSec = anyNumbers(reader, end)
  }

  finish(row: number): void {
    if (!this.isGiven) return
    const { summary, table } = this
    const said = [this.byState, this.byAttribute, this.byResource]
    const adjustedCount = said.find((count) => count > 0) ?? 1
    let isBad = adjustedCount === 1 && said.some(Number.isNaN)
    if (summary.isSummary === 1) {
      isBad ||= !isSummary(summary)
      if (isSummary(summary) && summary.calls > 1) {
        const { totalNs, durations } = prunedDurations(summary, table.durationNs[row]!)
        table.withWeights().setSummary(row, summary.calls, totalNs, durations)
      }
    }
    if (adjustedCount !== 1) table.withWeights().setAdjustedCount(row, adjustedCount)
    if (isBad) table.withWeights().bad[row] = 1
  }
}

const nothing = (): PrunedCalls & { isSummary: number } => ({
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
 * How many spans a sampled span stands for, by the share of spans that were kept, up to 1, or by the number itself,
 * from 1 on, as Honeycomb's SampleRate has it.
 *
 * @returns NaN for what is neither
 */
export function adjustedCountOfRatio(ratio: number): number {
  const count = ratio > 0 && ratio < 1 ? 1 / ratio : ratio
  return count >= 1 && count <= maxAdjustedCount ? count : Number.NaN
}
