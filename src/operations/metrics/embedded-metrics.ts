import { Counter, Gauge, type Registry } from 'prom-client'
import type { EmbeddedTraces } from '../../sources/embedded/embedded-traces.ts'

/** What the embedded source has taken in, holds and has dropped: taken at every scrape. */
export function observeEmbeddedTraces(registry: Registry, traces: EmbeddedTraces): void {
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
    () => ({ too_old: traces.outlived.total, no_room: traces.displaced.total }),
  )
}
