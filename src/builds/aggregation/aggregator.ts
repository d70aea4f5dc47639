import type { GraphDocument } from '../../model/graph-document.ts'
import type { AggregationParameters, ParameterDefaults } from '../../model/parameters.ts'
import type { AggregationSummary } from '../../model/summary.ts'
import type { ReadLimits } from '../../sources/read-limits.ts'
import type { ReadProgress } from '../../sources/trace-source.ts'

export interface BuildOptions {
  /** Ends the build at once. */
  signal: AbortSignal
  /** Of the traces that an earlier build of the graph has read, those too old to change need not be read again. */
  mayReuse?: boolean | undefined
  /** Its turn has come. */
  onStart?: (() => void) | undefined
  limits?: ReadLimits | undefined
  onProgress?: ((progress: ReadProgress) => void) | undefined
}

/** Builds graphs: so many at once, and one at a time for each graph, so that a graph has one writer. */
export interface Aggregator {
  /** The parameters of a request with all that it leaves out. @throws {TtaError} 400 */
  complete(parameters: AggregationParameters): ParameterDefaults
  /**
   * Reads, builds, hands on. When it throws, the last good graph is everywhere what it was.
   *
   * @throws {TtaError} 400 the parameters; 502 the source; 503 a sink (`details.summary` has the account);
   *   504 the deadline
   */
  aggregate(parameters: AggregationParameters, options: BuildOptions): Promise<AggregationSummary>
  /**
   * Reads and builds, and hands nothing on. Equal requests under way share one build, which ends when the last
   * caller has gone.
   *
   * @throws {TtaError} as `aggregate`, but 503; 429 too many wait already
   */
  preview(parameters: AggregationParameters, options: BuildOptions): Promise<GraphDocument>
  /** Gives the last graphs back to sinks that have lost them. What fails is in the log. @throws the signal's reason */
  restore(signal: AbortSignal): Promise<void>
  /** Removes a graph from every sink. @returns whether there was one here @throws {TtaError} 503 */
  remove(graph: string, signal: AbortSignal): Promise<boolean>
}
