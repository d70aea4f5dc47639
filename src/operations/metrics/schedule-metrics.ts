import { Counter, Gauge, type Registry } from 'prom-client'

/** What a schedule tells of itself. */
interface ScheduleAccount {
  graph: string
  /** ISO 8601; absent: not started. */
  nextAt?: string
  started: number
  skipped: number
}

/** How schedules have been going: taken at every scrape. */
export function observeSchedules(registry: Registry, list: () => ScheduleAccount[]): void {
  const registers = [registry]
  new Counter({
    name: 'tta_schedule_builds_total',
    help: 'Builds that a schedule asked for, by graph and result: begun, skipped',
    labelNames: ['graph', 'result'],
    registers,
    collect() {
      this.reset()
      for (const { graph, started, skipped } of list()) {
        this.inc({ graph, result: 'started' }, started)
        this.inc({ graph, result: 'skipped' }, skipped)
      }
    },
  })
  new Gauge({
    name: 'tta_schedule_next_run_timestamp_seconds',
    help: 'When the next scheduled build of the graph begins, Unix time',
    labelNames: ['graph'],
    registers,
    collect() {
      this.reset()
      for (const { graph, nextAt } of list()) {
        if (nextAt !== undefined) this.set({ graph }, Date.parse(nextAt) / 1000)
      }
    },
  })
}
