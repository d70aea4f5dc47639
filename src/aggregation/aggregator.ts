import type { GraphDocument } from '../model/graph-document.ts'
import type { AggregationParameters } from '../model/parameters.ts'
import type { AggregationSummary } from '../model/summary.ts'
import type { ReadProgress } from '../source/trace-source.ts'

export interface BuildOptions {
  /** Ends the build at once; shared builds end when the last caller has gone. */
  signal: AbortSignal
  onProgress?: ((progress: ReadProgress) => void) | undefined
}

/**
 * Builds graphs. Equal requests under way at the same time share one build; different ones for the same graph
 * queue up, so a graph has one writer.
 */
export interface Aggregator {
  /**
   * Reads, builds, hands on. When it throws, the last good graph is everywhere what it was.
   *
   * @throws {TtaError} 400 the parameters; 502 the source; 503 a sink (`details.summary` has the account);
   *   504 the deadline
   */
  aggregate(parameters: AggregationParameters, options: BuildOptions): Promise<AggregationSummary>
  /** Reads and builds, and hands nothing on. @throws {TtaError} as `aggregate`, but 503 */
  preview(parameters: AggregationParameters, options: BuildOptions): Promise<GraphDocument>
  /** Removes a graph from every sink. @returns whether there was one here @throws {TtaError} 503 */
  remove(graph: string, signal: AbortSignal): Promise<boolean>
}
