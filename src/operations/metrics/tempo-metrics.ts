import { Counter, Histogram, type Registry } from 'prom-client'
import type { TempoObserver } from '../../sources/tempo/client/tempo-observer.ts'

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
