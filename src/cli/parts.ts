import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { Aggregator } from '../builds/aggregation/aggregator.ts'
import type { Jobs } from '../builds/jobs/jobs.ts'
import type { Config } from '../config/config.ts'
import type { ReloadReport } from '../config/reload.ts'
import type { GraphDocument } from '../model/graph-document.ts'
import type { GraphStore } from '../sinks/graph-store.ts'

/** A tta that is put together; `buildApp` of src/app.ts makes it. */
export interface TtaParts {
  app: FastifyInstance
  aggregator: Aggregator
  jobs: Jobs
  store: GraphStore
  /** Reads the configuration anew. @throws {TtaError} TTA_CONFIG_INVALID */
  reload(): ReloadReport
  close(): Promise<void>
}

export type BuildParts = (
  config: Config,
  overrides?: { logger?: FastifyBaseLogger; readConfig?: () => Config },
) => Promise<TtaParts>

export interface DemoOptions {
  /** Where the traces go in place of a tta of the demo's own: base URL of an OTLP receiver. */
  to: string | undefined
  /** Absent: 8080, or another where that is taken. */
  port: number | undefined
  /** Ends after the first graph. */
  once: boolean
  signal: AbortSignal
  print(line: string): void
  /** A graph in words. */
  show(document: GraphDocument): string
}

/** What the commands are made of. They stand above the command line, so it is handed them. */
export interface Parts {
  version: string
  buildApp: BuildParts
  runDemo(options: DemoOptions): Promise<void>
}
