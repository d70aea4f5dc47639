import { Counter, type Registry } from 'prom-client'
import type { AggregationSummary } from '../../model/summary.ts'

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
