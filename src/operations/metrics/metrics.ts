import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'

/** The metrics of one instance of tta. The other files of this folder add the metrics of one part each. */
export interface Metrics {
  registry: Registry
  /** Adds the metrics of the process, its memory, garbage collection and event loop. Only a service needs them. */
  collectProcessMetrics(): void
}

/** Creates the registry of all metrics. @param version version of tta, a label of tta_build_info */
export function createMetrics(version: string): Metrics {
  const registry = new Registry()
  new Gauge({
    name: 'tta_build_info',
    help: 'Constant 1, labelled with the version of tta and of Node.js.',
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
