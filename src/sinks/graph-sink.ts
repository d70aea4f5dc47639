import type { GraphDocument } from '../model/graph-document.ts'

/** The result of writing a graph to one sink. */
export interface SinkReport {
  sink: string
  /**
   * - stored: the sink holds the new graph.
   * - cleared: the new graph is empty, and the sink holds none.
   * - restored: the new graph could not be stored, and the last good graph is back.
   * - failed: the state of the sink is unknown.
   */
  state: 'stored' | 'cleared' | 'restored' | 'failed'
  /** Whether the sink was read back to confirm `state`. */
  verified: boolean
  /** Attempts to write the whole graph, with the first. */
  attempts: number
  /** Nodes without an edge, which the sink cannot return. */
  isolatedNodes: number
  warnings: string[]
  /** The cause, if `state` is `restored` or `failed`. */
  reason?: string
}

/**
 * A destination of graphs. Creating one does no I/O.
 *
 * A sink replaces a graph as a whole or not at all. Writes of one graph never overlap. A document without nodes clears
 * the graph.
 */
export interface GraphSink {
  readonly name: string
  /**
   * Replaces a graph. Failures of the sink are in the report and not thrown.
   *
   * @throws only the reason of the signal, and only if nothing was written
   */
  replace(document: GraphDocument, signal: AbortSignal): Promise<SinkReport>
  /**
   * Stores the last good graph if the sink has none of its name, for example after a crash during a write. Never
   * replaces a graph: if the sink has another one, that is logged. Failures are logged.
   *
   * @throws only the reason of the signal
   */
  restore?(document: GraphDocument, signal: AbortSignal): Promise<void>
  /** Removes a graph. @returns whether it existed @throws {TtaError} TTA_SINK_FAILED */
  remove(graphName: string, signal: AbortSignal): Promise<boolean>
  /** @throws {TtaError} the sink cannot be reached */
  check(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}
