import { Counter, Gauge, type Registry } from 'prom-client'
import type { AlertReceipt } from '../../builds/alerts/receipt.ts'

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

const states = ['started', 'deferred', 'deduplicated', 'ignored'] as const

/**
 * Counts what became of alerts. What refuses a whole notification is among the problems by route.
 *
 * @param waiting graphs that wait for the end of their interval
 * @returns takes the receipt of each notification
 */
export function observeAlerts(registry: Registry, waiting: () => number): (receipt: AlertReceipt) => void {
  const registers = [registry]
  const notifications = new Counter({
    name: 'tta_alert_notifications_total',
    help: 'Notifications of alerts that were taken',
    registers,
  })
  const alerts = new Counter({
    name: 'tta_alerts_total',
    help: 'Alerts that were taken, once for each rule, by what became of them',
    labelNames: ['state'],
    registers,
  })
  for (const state of states) alerts.inc({ state }, 0)
  new Gauge({
    name: 'tta_alert_builds_waiting',
    help: 'Graphs that alerts have asked for and that wait for the end of min_interval_sec',
    registers,
    collect() {
      this.set(waiting())
    },
  })
  return (receipt) => {
    notifications.inc()
    for (const state of states) alerts.inc({ state }, receipt[state])
  }
}
