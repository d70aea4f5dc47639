import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { EmbeddedStore } from '../../sources/embedded/embedded-store.ts'
import type { TempoObserver } from '../../sources/tempo/client/tempo-client.ts'

/** @returns counts requests to Tempo */
export function tempoMetrics(registry: Registry): TempoObserver {
  const registers = [registry]
  const requests = new Counter({
    name: 'tta_tempo_requests_total',
    help: 'Requests to Tempo as they went out, by outcome: ok, retried, failed, cancelled',
    labelNames: ['endpoint', 'outcome'],
    registers,
  })
  const duration = new Histogram({
    name: 'tta_tempo_request_duration_seconds',
    help: 'How long Tempo took to answer',
    labelNames: ['endpoint'],
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers,
  })
  const bytes = new Counter({
    name: 'tta_tempo_received_bytes_total',
    help: 'Bytes that Tempo answered, after decompression',
    registers,
  })
  return {
    requestEnded({ endpoint, outcome, durationMs, bytes: received }) {
      requests.inc({ endpoint, outcome })
      bytes.inc(received)
      if (outcome === 'ok' || outcome === 'failed') duration.observe({ endpoint }, durationMs / 1000)
    },
  }
}

/** What the embedded source has taken in, holds and has dropped: taken at every scrape. */
export function observeEmbeddedTraces(registry: Registry, traces: EmbeddedStore): void {
  const registers = [registry]
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value())
      },
    })
  const counter = (name: string, help: string, label: string, values: () => Record<string, number>) =>
    new Counter({
      name,
      help,
      labelNames: [label],
      registers,
      collect() {
        this.reset()
        for (const [value, count] of Object.entries(values())) this.inc({ [label]: value }, count)
      },
    })
  gauge('tta_embedded_held_bytes', 'Bytes of spans that are held, as they were received', () => traces.bytes)
  gauge('tta_embedded_held_spans', 'Spans that are held', () => traces.spans)
  counter(
    'tta_embedded_received_spans_total',
    'Spans that were sent to POST /v1/traces, by result: accepted, rejected',
    'result',
    () => traces.received,
  )
  counter(
    'tta_embedded_dropped_spans_total',
    'Spans that are held no more, by reason: too_old (max_age_sec), no_room (max_bytes)',
    'reason',
    () => ({ too_old: traces.expired.total, no_room: traces.evicted.total }),
  )
}
