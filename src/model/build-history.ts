import { type Static, Type } from 'typebox'
import { TtaError } from '../base/errors.ts'
import type { GraphDocument } from './graph-document.ts'
import { AggregationSummary } from './summary.ts'

const { status, window } = AggregationSummary.properties

/** What is told of a build without its graph. */
export const BuildEntry = Type.Object(
  {
    at: Type.String({
      format: 'date-time',
      description: 'When it was built; no other of the graph has the same',
    }),
    status,
    window,
    nodes: Type.Integer({ minimum: 0 }),
    edges: Type.Integer({ minimum: 0 }),
    bytes: Type.Integer({ minimum: 0, description: 'Size of the graph with its summary as JSON' }),
  },
  { $id: 'BuildEntry', additionalProperties: false },
)
export type BuildEntry = Static<typeof BuildEntry>

export interface BuildPage {
  /** Most entries, from 1 on. */
  limit: number
  /** Only builds before this one, Unix ms. */
  beforeMs?: number | undefined
}

/**
 * The builds of every graph, the last one and those before it. Making one does no I/O.
 * What fails throws {TtaError} TTA_HISTORY_UNAVAILABLE; nothing else breaks by it.
 */
export interface BuildHistory {
  /**
   * Adds a build, and drops what is over the limits.
   *
   * @returns whether another file is in use than the last time, because the old one was damaged or is gone: what it
   *   had may not be there
   */
  record(document: GraphDocument): Promise<{ startedOver: boolean }>
  /** The last build of every graph. */
  last(): Promise<GraphDocument[]>
  /** The build that was current at that time, Unix ms. */
  at(graph: string, atMs: number): Promise<GraphDocument | undefined>
  /** Newest first. */
  list(graph: string, page: BuildPage): Promise<BuildEntry[]>
  /** Drops every build of a graph. @returns whether there was one */
  remove(graph: string): Promise<boolean>
  /** Whether builds can be recorded: @throws also when the last one could not. */
  check(): Promise<void>
  close(): Promise<void>
}

export function buildEntry(document: GraphDocument, at: string, bytes: number): BuildEntry {
  const { status, window, built } = document.summary
  return { at, status, window, nodes: built.nodes, edges: built.edges, bytes }
}

/** A 404: the history does not go back that far. */
export function noBuildThen(graph: string, atMs: number): TtaError {
  const time = new Date(atMs).toISOString()
  const message = `No build of ${graph} is kept from ${time} or before; GET /graphs/${graph}/history lists what is`
  return new TtaError('TTA_NOT_FOUND', message)
}
