import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { EmbeddedStore } from '../../sources/embedded/embedded-store.ts'
import type { TempoObserver } from '../../sources/tempo/client/tempo-client.ts'

/** Returns an observer that counts requests to Tempo. */
export function tempoMetrics(registry: Registry): TempoObserver {
  const registers = [registry]
  const requests = new Counter({
    name: 'tta_tempo_requests_total',
    help: 'Number of requests to Tempo, by endpoint and outcome: ok, retried, failed or cancelled.',
    labelNames: ['endpoint', 'outcome'],
    registers,
  })
  const duration = new Histogram({
    name: 'tta_tempo_request_duration_seconds',
    help: 'Seconds until the response of Tempo was complete, by endpoint.',
    labelNames: ['endpoint'],
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers,
  })
  const bytes = new Counter({
    name: 'tta_tempo_received_bytes_total',
    help: 'Number of bytes received from Tempo, after decompression.',
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

/** Observes the spans of the embedded source. The values are collected at every scrape. */
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
  gauge('tta_embedded_stored_bytes', 'Number of bytes of the stored spans, as received.', () => traces.bytes)
  gauge('tta_embedded_stored_spans', 'Number of stored spans.', () => traces.spans)
  counter(
    'tta_embedded_received_spans_total',
    'Number of spans received at POST /v1/traces, by result: accepted or rejected.',
    'result',
    () => traces.received,
  )
  counter(
    'tta_embedded_dropped_spans_total',
    'Number of spans removed from memory, by reason: expired (max_age_sec) or evicted (max_bytes).',
    'reason',
    () => ({ expired: traces.expired.total, evicted: traces.evicted.total }),
  )
}
