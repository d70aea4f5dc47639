import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'

/** The figures of one tta. Each of the other files here adds those of one part of it. */
export interface Metrics {
  registry: Registry
  /** Begins to watch process, memory, garbage collection and event loop: for who runs as a service. */
  collectProcessMetrics(): void
}

/** @param version of tta, a label of tta_build_info */
export function createMetrics(version: string): Metrics {
  const registry = new Registry()
  new Gauge({
    name: 'tta_build_info',
    help: 'Always 1; which version runs',
    labelNames: ['version', 'nodejs'],
    registers: [registry],
  }).set({ version, nodejs: process.versions.node }, 1)
  let watching = false
  return {
    registry,
    collectProcessMetrics() {
      if (watching) return
      watching = true
      collectDefaultMetrics({ register: registry })
    },
  }
}
