import type { GraphDocument } from '../model/graph-document.ts'

/** What became of a graph at one sink. */
export interface SinkReport {
  sink: string
  /**
   * stored: the sink holds the new graph. cleared: the new graph is empty and the sink holds none.
   * restored: it could not be stored and the last good graph is back. failed: the sink may hold anything.
   */
  state: 'stored' | 'cleared' | 'restored' | 'failed'
  /** Whether the sink was read back and holds what `state` says. */
  verified: boolean
  /** Whole writes that were tried, the first included. */
  attempts: number
  /** Nodes that the sink cannot give back because no edge touches them. */
  isolatedNodes: number
  warnings: string[]
  /** Why, when `state` is `restored` or `failed`. */
  reason?: string
}

/**
 * Where graphs go. Making one does no I/O.
 *
 * A graph is replaced as a whole or not at all; writes to one graph never overlap. A document without nodes
 * clears the graph.
 */
export interface GraphSink {
  readonly name: string
  /**
   * Never throws for what the sink does wrong: the report says it.
   *
   * @throws only the signal's reason, and only when nothing was written: who gets a report knows what the sink holds
   */
  replace(document: GraphDocument, signal: AbortSignal): Promise<SinkReport>
  /**
   * Stores the last good graph where the sink has none of its name, as when the process died in the middle of a write.
   * What it has is left alone; where that is another graph, the log says it. Failures are logged.
   *
   * @throws only the signal's reason
   */
  restore?(document: GraphDocument, signal: AbortSignal): Promise<void>
  /** Removes a graph. @returns whether there was one of that name @throws {TtaError} TTA_SINK_FAILED */
  remove(graphName: string, signal: AbortSignal): Promise<boolean>
  /** @throws {TtaError} the sink cannot be reached */
  check(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}
