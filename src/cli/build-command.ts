import { setTimeout as sleep } from 'node:timers/promises'
import type { App, AppOverrides } from '../app.ts'
import { TtaError } from '../base/errors.ts'
import type { Jobs } from '../builds/jobs/jobs.ts'
import type { GraphDocument } from '../model/graph-document.ts'
import type { AggregationParameters } from '../model/parameters.ts'
import type { AggregationSummary } from '../model/summary.ts'
import { createLogger } from '../operations/logger.ts'
import type { ReadProgress } from '../sources/trace-source.ts'
import { configure, requestParameters } from './configure.ts'
import { createApp } from './create-app.ts'
import { reportFailure, UsageError } from './failure.ts'
import { type FormatOptions, formatGraph, formatOptions } from './format-options.ts'
import type { Arguments } from './parse-arguments.ts'
import { withProgress } from './progress.ts'
import { lineWidth, summaryReport } from './summary-report.ts'
import { createPaint, type Terminal } from './terminal.ts'
import { printable } from './terminal-text.ts'

/** 0 complete or empty, 3 partial, 1 failed. */
export type ExitStatus = 0 | 1 | 3

interface Build {
  parts: App
  parameters: AggregationParameters
  terminal: Terminal
  json: boolean
  quiet: boolean
  format: FormatOptions | undefined
}

const noTempo =
  'tempo.url is not set: set it in config.yml or as TTA_TEMPO_URL ' +
  '(tta serve receives traces itself, tta demo needs no Tempo)'

const notStored = 'tta: nodegraph_provider.url is not set: the graph is shown but not stored\n'

/**
 * `tta [options]`: builds once, or every loop.interval seconds until the signal. A loop ends with the status of its last
 * build. It reports a failed build and continues, unless the parameters are invalid.
 *
 * @throws {UsageError | ConfigError} if the command line or the configuration is invalid
 */
export async function buildCommand(
  args: Arguments,
  terminal: Terminal,
  overrides: AppOverrides,
): Promise<ExitStatus> {
  const { values } = args
  const parameters = requestParameters(values)
  const format = formatOptions(values)
  const config = configure(args, terminal)
  if (config.tempo.url === undefined) throw new UsageError(noTempo)
  // The report replaces the log, except at the levels for debugging.
  const level = ['debug', 'trace'].includes(config.log.level) ? config.log.level : 'silent'
  const parts = await createApp(config, terminal, { logger: createLogger(level), ...overrides })
  const build = { parts, parameters, terminal, json: values.has('json'), quiet: values.has('quiet'), format }
  if (config.nodegraph_provider.url === undefined && !build.json && !build.quiet)
    terminal.stderr.write(notStored)
  try {
    const { interval: intervalSec } = config.loop
    return await (intervalSec === 0 ? buildOnce(build) : buildInLoop(build, intervalSec))
  } finally {
    await parts.close()
  }
}

async function buildOnce(build: Build): Promise<ExitStatus> {
  const { summary, graph } = await read(build)
  await report(build, summary, graph)
  return statusOf(summary)
}

async function buildInLoop(build: Build, intervalSec: number): Promise<ExitStatus> {
  const { terminal, json } = build
  let status: ExitStatus | undefined
  await repeat(intervalSec * 1000, terminal.signal, async () => {
    try {
      status = await buildOnce(build)
    } catch (error) {
      if (terminal.signal.aborted) return
      if (error instanceof TtaError && error.code === 'TTA_BAD_REQUEST') throw error
      reportFailure(error, terminal, json)
      status = 1
    }
  })
  if (status === undefined) throw terminal.signal.reason
  return status
}

async function read({ parts, parameters, terminal, quiet }: Build) {
  const { aggregator, jobs, store } = parts
  const { signal } = terminal
  const work = async (onProgress?: (progress: ReadProgress) => void) => {
    if (parameters.dryRun) {
      const document = await aggregator.preview(parameters, { signal, onProgress })
      return { summary: document.summary, graph: document }
    }
    const summary = await runJob(jobs, parameters, { signal, onProgress })
    const stored = store.get(summary.graph)
    // A build that could read nothing leaves an earlier graph in the store.
    return { summary, graph: stored?.builtAt === summary.builtAt ? stored : undefined }
  }
  return quiet ? work() : withProgress(terminal, work)
}

async function report(
  { terminal, json, quiet, format }: Build,
  summary: AggregationSummary,
  graph: GraphDocument | undefined,
): Promise<void> {
  const { stdout, stderr, signal } = terminal
  if (format) {
    if (graph) stdout.write(await formatGraph(graph, format, signal))
    else stderr.write('tta: no graph to print, because no trace could be counted\n')
    if (!quiet) for (const warning of summary.warnings) stderr.write(`tta: ${printable(warning)}\n`)
  } else if (json) stdout.write(`${JSON.stringify(summary)}\n`)
  else if (!quiet) {
    // The embedded store ends with the process, so the report does not mention it.
    const sinks = summary.sinks.filter(({ sink }) => sink !== 'embedded')
    const style = { width: lineWidth(stdout), paint: createPaint(terminal) }
    stdout.write(summaryReport({ ...summary, sinks }, graph, style))
  }
}

const statusOf = ({ status }: AggregationSummary): ExitStatus => (status === 'partial' ? 3 : 0)

interface RunOptions {
  /** Cancels the job. */
  signal: AbortSignal
  onProgress?: ((progress: ReadProgress) => void) | undefined
}

/** Runs one job until it has finished. @throws {TtaError} its failure, or the reason of the signal */
async function runJob(
  jobs: Jobs,
  parameters: AggregationParameters,
  { signal, onProgress }: RunOptions,
): Promise<AggregationSummary> {
  const { id } = jobs.submit(parameters, 'command', { abortSignal: signal })
  const unsubscribe = jobs.subscribe(({ job }) => {
    if (job.id === id && job.progress) onProgress?.(job.progress)
  })
  try {
    return await jobs.result(id, signal)
  } finally {
    unsubscribe()
  }
}

/**
 * Repeats `work` until `signal` aborts, `intervalMs` from start to start. Runs never overlap: a run that takes longer
 * delays the next one.
 *
 * @throws the error of `work`
 */
export async function repeat(
  intervalMs: number,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    const startedAt = performance.now()
    await work()
    const restMs = Math.max(0, startedAt + intervalMs - performance.now())
    await sleep(restMs, undefined, { signal }).catch(() => {})
  }
}
