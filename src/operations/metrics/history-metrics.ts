import { Counter, type Registry } from 'prom-client'
import type { HistoryCounts } from '../../sinks/history/build-history.ts'

/** What has become of the builds that were to be kept: taken at every scrape. */
export function observeHistory(registry: Registry, counts: Readonly<HistoryCounts>): void {
  new Counter({
    name: 'tta_history_builds_total',
    help: 'Builds that were to be kept, by outcome',
    labelNames: ['outcome'],
    registers: [registry],
    collect() {
      this.reset()
      this.inc({ outcome: 'recorded' }, counts.recorded)
      this.inc({ outcome: 'failed' }, counts.failed)
    },
  })
  new Counter({
    name: 'tta_history_damaged_files_total',
    help: 'Damaged files of builds that were moved aside',
    registers: [registry],
    collect() {
      this.reset()
      this.inc(counts.movedAside)
    },
  })
}
