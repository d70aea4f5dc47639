import type { App, AppOverrides } from '../app.ts'
import { TtaError } from '../base/errors.ts'
import type { GraphDocument } from '../model/graph-document.ts'
import type { AggregationParameters } from '../model/parameters.ts'
import type { AggregationSummary } from '../model/summary.ts'
import { createLogger } from '../operations/logger.ts'
import { configure, requestParameters } from './configure.ts'
import { createApp } from './create-app.ts'
import { printable } from './display-text.ts'
import { reportFailure } from './failure.ts'
import { type FormatOptions, formatGraph, formatOptions } from './format-options.ts'
import type { Arguments } from './parse-arguments.ts'
import { withProgress } from './progress.ts'
import { repeat } from './repeat.ts'
import { runJob } from './run-job.ts'
import { summaryReport, widthOf } from './summary-report.ts'
import { painter, type Terminal } from './terminal.ts'
import { UsageError } from './usage-error.ts'

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
  'tempo.url is not set, so there is nothing to read: set it in config.yml or as TTA_TEMPO_URL ' +
  '(tta serve takes traces itself, tta demo shows how it looks)'

const keptNowhere = 'tta: nodegraph_provider.url is not set: graphs are shown here and kept nowhere\n'

/**
 * `tta [options]`: one build, or one every loop.interval seconds until the signal; then the status is that of the
 * last build. In a loop a failed build is reported and the next one tried, unless its parameters are wrong.
 *
 * @throws {UsageError | ConfigError} nothing can be built this way
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
  // The report says what the log would; who debugs wants both.
  const level = ['debug', 'trace'].includes(config.log.level) ? config.log.level : 'silent'
  const parts = await createApp(config, terminal, { logger: createLogger(level), ...overrides })
  const build = { parts, parameters, terminal, json: values.has('json'), quiet: values.has('quiet'), format }
  if (config.nodegraph_provider.url === undefined && !build.json && !build.quiet)
    terminal.stderr.write(keptNowhere)
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
  const work = async (onProgress?: Parameters<Parameters<typeof withProgress>[1]>[0]) => {
    if (parameters.dryRun) {
      const document = await aggregator.preview(parameters, { signal, onProgress })
      return { summary: document.summary, graph: document }
    }
    const summary = await runJob(jobs, parameters, { signal, onProgress })
    const stored = store.get(summary.graph)
    // A build of which nothing could be read leaves the graph of an earlier one.
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
    else stderr.write('tta: nothing could be read, so there is no graph to print\n')
    if (!quiet) for (const warning of summary.warnings) stderr.write(`tta: ${printable(warning)}\n`)
  } else if (json) stdout.write(`${JSON.stringify(summary)}\n`)
  else if (!quiet) {
    // The embedded store ends with the process: who reads that it stored the graph would look for it in vain.
    const sinks = summary.sinks.filter(({ sink }) => sink !== 'embedded')
    const style = { width: widthOf(stdout), paint: painter(terminal) }
    stdout.write(summaryReport({ ...summary, sinks }, graph, style))
  }
}

const statusOf = ({ status }: AggregationSummary): ExitStatus => (status === 'partial' ? 3 : 0)
