import type { BaseLogger } from 'pino'
import { TtaError } from '../errors.ts'
import type { GraphDocument } from '../model/graph-document.ts'
import { type AggregationParameters, type ParameterDefaults, servicesGraphName } from '../model/parameters.ts'
import type { AggregationSummary } from '../model/summary.ts'
import type { GraphSink } from '../sink/graph-sink.ts'
import type { GraphStore } from '../sink/graph-store.ts'
import type { ReadProgress, TraceSource } from '../source/trace-source.ts'
import type { Aggregator, BuildOptions } from './aggregator.ts'
import { build } from './build.ts'
import { handOn, removeEverywhere } from './hand-on.ts'
import { aggregationRequest } from './request.ts'
import { SharedWork } from './shared-work.ts'
import { TurnQueue } from './turn-queue.ts'

export interface AggregatorOptions {
  source: TraceSource
  /** The embedded store: what readers see. */
  store: GraphStore
  /** Where graphs go besides. */
  sinks: GraphSink[]
  defaults: ParameterDefaults
  /** For one build, waiting for its turn included. */
  deadlineSec: number
  /** Unix ms. */
  now: () => number
  log: Pick<BaseLogger, 'info' | 'warn'>
}

export function createAggregator(options: AggregatorOptions): Aggregator {
  const { source, store, sinks, defaults, deadlineSec, now, log } = options
  const builds = new SharedWork<AggregationSummary, ReadProgress>()
  const previews = new SharedWork<GraphDocument, ReadProgress>()
  const turns = new TurnQueue()

  const requestOf = (asked: AggregationParameters) => aggregationRequest(asked, defaults, now())
  /** Times count as they are written: two that ask for the last hour ask for the same. */
  const keyOf = (asked: AggregationParameters) =>
    JSON.stringify(Object.entries({ ...defaults, ...asked }).sort())

  const buildAndHandOn = async (asked: AggregationParameters, buildOptions: BuildOptions) => {
    const request = requestOf(asked)
    const { document, services } = await build(source, request, buildOptions, now)
    const destinations = { store, sinks, dryRun: request.parameters.dryRun }
    const summary = await handOn(document, destinations, buildOptions.signal)
    if (services) {
      const own = await handOn(services, destinations, buildOptions.signal)
      summary.services = { graph: own.graph, built: own.built, sinks: own.sinks }
    }
    const { graph, status, read, built, phasesMs } = summary
    log.info({ graph, status, traces: read.traces, spans: read.spans, ...built, phasesMs }, 'graph built')
    return summary
  }

  /** A graph has one writer, and at level both there are two graphs to write. */
  const inTurn = <T>({ graph, level }: ParameterDefaults, signal: AbortSignal, work: () => Promise<T>) =>
    turns.run(graph, signal, () =>
      level === 'both' ? turns.run(servicesGraphName(graph), signal, work) : work(),
    )

  return {
    aggregate: async (asked, callerOptions) => {
      const { parameters } = requestOf(asked)
      return builds.run(keyOf(asked), callerOptions, (signal, onProgress) =>
        withDeadline(deadlineSec, signal, (limited) =>
          inTurn(parameters, limited, () => buildAndHandOn(asked, { signal: limited, onProgress })),
        ),
      )
    },
    preview: async (asked, callerOptions) => {
      requestOf(asked)
      return previews.run(keyOf(asked), callerOptions, (signal, onProgress) =>
        withDeadline(deadlineSec, signal, (limited) =>
          build(source, requestOf(asked), { signal: limited, onProgress }, now).then(
            ({ document }) => document,
          ),
        ),
      )
    },
    remove: (graph, signal) =>
      turns.run(graph, signal, () => removeEverywhere(graph, { store, sinks }, signal)),
  }
}

/** Runs `work` with a signal that also aborts after the deadline. */
async function withDeadline<T>(
  deadlineSec: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController()
  const expire = () => {
    const message = `The build took longer than build.deadline_sec (${deadlineSec} s): ask for a smaller window`
    deadline.abort(new TtaError('TTA_DEADLINE', message))
  }
  const timer = setTimeout(expire, deadlineSec * 1000)
  try {
    return await work(AbortSignal.any([signal, deadline.signal]))
  } finally {
    clearTimeout(timer)
  }
}
