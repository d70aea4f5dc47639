import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Jobs } from '../../builds/jobs/jobs.ts'
import type { Job } from '../../model/job.ts'
import type { AggregationSummary } from '../../model/summary.ts'

/** From a tenth of a second to a little above the default of build.deadline_sec. */
const buckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600]
const outcomes = ['complete', 'partial', 'empty', 'failed', 'cancelled'] as const
const origins = ['request', 'schedule', 'webhook', 'command'] as const

/** Counts jobs, how long they wait and run, what they read, and what became of their graphs. */
export function observeJobs(registry: Registry, jobs: Pick<Jobs, 'subscribe' | 'count'>): void {
  const registers = [registry]
  const finished = new Counter({
    name: 'tta_jobs_total',
    help: 'Builds that ended, by origin and outcome',
    labelNames: ['origin', 'outcome'],
    registers,
  })
  // A rate can only be taken of what was there before it grew.
  for (const origin of origins) for (const outcome of outcomes) finished.inc({ origin, outcome }, 0)
  const failures = new Counter({
    name: 'tta_job_failures_total',
    help: 'Builds that failed, by the code of their problem',
    labelNames: ['code'],
    registers,
  })
  new Gauge({
    name: 'tta_jobs',
    help: 'Builds that have not ended, by state: queued, running',
    labelNames: ['state'],
    registers,
    collect() {
      const { queued, running } = jobs.count()
      this.set({ state: 'queued' }, queued)
      this.set({ state: 'running' }, running)
    },
  })
  const duration = new Histogram({
    name: 'tta_job_duration_seconds',
    help: 'From the start of a build to its end, by outcome',
    labelNames: ['outcome'],
    buckets,
    registers,
  })
  const wait = new Histogram({
    name: 'tta_job_wait_seconds',
    help: 'How long a build waited for its turn',
    buckets,
    registers,
  })
  const countBuild = buildMetrics(registry)

  jobs.subscribe(({ type, job }) => {
    if (type !== 'state') return
    if (job.state === 'running') wait.observe(seconds(job.createdAt, job.startedAt))
    const outcome = outcomeOf(job)
    if (outcome === undefined) return
    finished.inc({ origin: job.origin, outcome })
    if (job.startedAt !== undefined) duration.observe({ outcome }, seconds(job.startedAt, job.finishedAt))
    if (job.state === 'failed') failures.inc({ code: job.problem?.code ?? 'TTA_INTERNAL' })
    const summary = job.summary ?? summaryOf(job.problem)
    if (summary) countBuild(summary)
  })
}

/** Undefined while it has not ended. */
function outcomeOf({ state, summary }: Job): (typeof outcomes)[number] | undefined {
  if (state === 'failed' || state === 'cancelled') return state
  return state === 'succeeded' ? (summary?.status ?? 'complete') : undefined
}

/** A build whose graph could not be handed on tells in its problem what it read and wrote. */
function summaryOf(problem: object | undefined): AggregationSummary | undefined {
  return problem !== undefined && 'summary' in problem ? (problem.summary as AggregationSummary) : undefined
}

function seconds(from: string, to: string | undefined): number {
  return to === undefined ? 0 : Math.max(0, Date.parse(to) - Date.parse(from)) / 1000
}

/** @returns counts what one build read and what became of its graph at every sink */
export function buildMetrics(registry: Registry): (summary: AggregationSummary) => void {
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name, help, labelNames, registers: [registry] })
  const traces = counter('tta_read_traces_total', 'Traces in the graphs that were built')
  const bytes = counter('tta_read_bytes_total', 'Bytes read for builds, after decompression')
  const suspects = counter(
    'tta_read_suspect_traces_total',
    'Traces that looked incomplete and were looked up again',
  )
  const repaired = counter('tta_read_repaired_traces_total', 'Suspect traces of which more spans were found')
  const incomplete = counter(
    'tta_read_incomplete_traces_total',
    'Traces known to lack spans that could not be had',
  )
  const truncated = counter(
    'tta_read_truncated_builds_total',
    'Builds that left out traces because of a limit',
  )
  const spans = counter('tta_read_spans_total', 'Spans read, by what became of them', ['result'])
  const orphans = counter('tta_read_orphan_spans_total', 'Counted spans whose parent never arrived')
  const writes = counter('tta_sink_writes_total', 'Graphs handed to a sink, by what it holds now', [
    'sink',
    'state',
  ])
  const attempts = counter('tta_sink_attempts_total', 'Whole writes that were tried, repetitions included', [
    'sink',
  ])
  const verified = counter('tta_sink_verifications_total', 'Graphs read back from a sink, by result', [
    'sink',
    'result',
  ])

  return ({ read, spans: counted, sinks, services }) => {
    traces.inc(read.traces)
    bytes.inc(read.bytes)
    suspects.inc(read.suspects)
    repaired.inc(read.repaired)
    incomplete.inc(read.incomplete)
    truncated.inc(read.truncated ? 1 : 0)
    spans.inc({ result: 'counted' }, counted.counted)
    spans.inc({ result: 'duplicate' }, counted.duplicates)
    spans.inc({ result: 'without_service' }, counted.withoutService)
    orphans.inc(counted.orphans)
    for (const { sink, state, attempts: tried, verified: holds } of [...sinks, ...(services?.sinks ?? [])]) {
      writes.inc({ sink, state })
      attempts.inc({ sink }, tried)
      if (state !== 'skipped') verified.inc({ sink, result: holds ? 'ok' : 'failed' })
    }
  }
}
