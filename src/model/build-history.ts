import { type Static, Type } from 'typebox'
import { TtaError } from '../base/errors.ts'
import type { GraphDocument } from './graph-document.ts'
import { AggregationSummary } from './summary.ts'

const { status, window } = AggregationSummary.properties

/** A stored build, without its graph. */
export const BuildEntry = Type.Object(
  {
    at: Type.String({
      format: 'date-time',
      description: 'Time of the build. It is unique within the graph',
    }),
    status,
    window,
    nodes: Type.Integer({ minimum: 0, description: 'Number of nodes' }),
    edges: Type.Integer({ minimum: 0, description: 'Number of edges' }),
    bytes: Type.Integer({ minimum: 0, description: 'Size of the graph and its summary as JSON, bytes' }),
  },
  { $id: 'BuildEntry', additionalProperties: false },
)
export type BuildEntry = Static<typeof BuildEntry>

export interface BuildPage {
  /** Maximum number of entries, at least 1. */
  limit: number
  /** Only builds before this one, Unix ms. */
  beforeMs?: number | undefined
}

/**
 * Stores the builds of every graph. The constructor does no I/O.
 * Every method throws {TtaError} TTA_HISTORY_UNAVAILABLE on failure. Graphs in memory are not affected.
 */
export interface BuildHistory {
  /**
   * Adds a build and removes builds beyond the limits.
   *
   * @returns `startedOver`: a new file is in use, because the previous one was damaged or is missing. Earlier builds
   *   may be lost
   */
  record(document: GraphDocument): Promise<{ startedOver: boolean }>
  /** Returns the last build of every graph. */
  last(): Promise<GraphDocument[]>
  /** Returns the build that was current at a time, Unix ms. */
  at(graph: string, atMs: number): Promise<GraphDocument | undefined>
  /** Returns a page of builds, newest first. */
  list(graph: string, page: BuildPage): Promise<BuildEntry[]>
  /** Removes every build of a graph. @returns whether there was one */
  remove(graph: string): Promise<boolean>
  /** Checks that builds can be recorded. @throws also if the last build could not be recorded */
  check(): Promise<void>
  close(): Promise<void>
}

export function buildEntry(document: GraphDocument, at: string, bytes: number): BuildEntry {
  const { status, window, built } = document.summary
  return { at, status, window, nodes: built.nodes, edges: built.edges, bytes }
}

/** Returns a 404: no stored build is that old. */
export function noBuildThen(graph: string, atMs: number): TtaError {
  const time = new Date(atMs).toISOString()
  const message = `Build of graph ${graph} at ${time} not found; GET /graphs/${graph}/history lists the stored builds`
  return new TtaError('TTA_NOT_FOUND', message)
}
