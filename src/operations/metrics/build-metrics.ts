import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Jobs } from '../../builds/jobs/jobs.ts'
import type { Job } from '../../model/job.ts'
import type { AggregationSummary } from '../../model/summary.ts'

/** From 0.1 s to a value above the default of build.deadline_sec. */
const buckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600]
const outcomes = ['complete', 'partial', 'empty', 'failed', 'cancelled'] as const
const origins = ['request', 'schedule', 'webhook', 'command'] as const

/** Observes jobs: their number, waiting time and duration, the data they read, and the results of their sink writes. */
export function observeJobs(registry: Registry, jobs: Pick<Jobs, 'subscribe' | 'count'>): void {
  const registers = [registry]
  const finished = new Counter({
    name: 'tta_jobs_total',
    help: 'Number of finished builds, by origin and outcome.',
    labelNames: ['origin', 'outcome'],
    registers,
  })
  // Prometheus can compute an increase only if the series existed before.
  for (const origin of origins) for (const outcome of outcomes) finished.inc({ origin, outcome }, 0)
  const failures = new Counter({
    name: 'tta_job_failures_total',
    help: 'Number of failed builds, by error code.',
    labelNames: ['code'],
    registers,
  })
  new Gauge({
    name: 'tta_jobs_unfinished',
    help: 'Number of unfinished builds, by state: queued or running.',
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
    help: 'Seconds from the start to the end of a build, by outcome.',
    labelNames: ['outcome'],
    buckets,
    registers,
  })
  const wait = new Histogram({
    name: 'tta_job_wait_seconds',
    help: 'Seconds that a build waited in the queue.',
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

/** Returns the outcome of a job; undefined if it has not ended. */
function outcomeOf({ state, summary }: Job): (typeof outcomes)[number] | undefined {
  if (state === 'failed' || state === 'cancelled') return state
  return state === 'succeeded' ? (summary?.status ?? 'complete') : undefined
}

/** Returns the summary of a build that failed in a sink. Its problem contains the summary. */
function summaryOf(problem: object | undefined): AggregationSummary | undefined {
  return problem !== undefined && 'summary' in problem ? (problem.summary as AggregationSummary) : undefined
}

function seconds(from: string, to: string | undefined): number {
  return to === undefined ? 0 : Math.max(0, Date.parse(to) - Date.parse(from)) / 1000
}

/** Returns a function that counts the data that a build read and the result of its write to every sink. */
function buildMetrics(registry: Registry): (summary: AggregationSummary) => void {
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name, help, labelNames, registers: [registry] })
  const traces = counter('tta_read_traces_total', 'Number of traces in built graphs.')
  const bytes = counter('tta_read_bytes_total', 'Number of bytes read by builds, after decompression.')
  const suspects = counter(
    'tta_read_suspect_traces_total',
    'Number of traces that seemed incomplete and were read again.',
  )
  const repaired = counter(
    'tta_read_repaired_traces_total',
    'Number of suspect traces that gained spans in the second read.',
  )
  const incomplete = counter(
    'tta_read_incomplete_traces_total',
    'Number of traces with missing spans that could not be read.',
  )
  const truncated = counter(
    'tta_read_truncated_builds_total',
    'Number of builds that left out traces because of a limit.',
  )
  const spans = counter(
    'tta_read_spans_total',
    'Number of spans read, by result: counted, duplicate or without_service.',
    ['result'],
  )
  const orphans = counter(
    'tta_read_orphan_spans_total',
    'Number of counted spans whose parent was not received.',
  )
  const writes = counter(
    'tta_sink_writes_total',
    'Number of writes of a graph to a sink, by resulting state.',
    ['sink', 'state'],
  )
  const attempts = counter(
    'tta_sink_write_attempts_total',
    'Number of attempts to write a graph to a sink, including retries.',
    ['sink'],
  )
  const verified = counter(
    'tta_sink_verifications_total',
    'Number of graphs read back from a sink and compared, by result: ok or failed.',
    ['sink', 'result'],
  )

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
