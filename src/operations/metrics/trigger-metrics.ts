import { Counter, Gauge, type Registry } from 'prom-client'
import type { AlertReceipt } from '../../builds/alerts/receipt.ts'

/** The counts of one schedule. */
interface ScheduleAccount {
  graph: string
  /** ISO 8601. Absent before the scheduler has started. */
  nextAt?: string
  started: number
  skipped: number
}

/** Observes schedules. The values are collected at every scrape. */
export function observeSchedules(registry: Registry, list: () => ScheduleAccount[]): void {
  const registers = [registry]
  new Counter({
    name: 'tta_schedule_builds_total',
    help: 'Number of scheduled builds, by graph and result: started or skipped.',
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
    help: 'Unix time of the next scheduled build of the graph, in seconds.',
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
 * Observes alerts. Refused notifications are counted by tta_http_problems_total.
 *
 * @param waiting returns the number of graphs that wait for the end of min_interval_sec
 * @returns a function to call with the receipt of each notification
 */
export function observeAlerts(registry: Registry, waiting: () => number): (receipt: AlertReceipt) => void {
  const registers = [registry]
  const notifications = new Counter({
    name: 'tta_alert_notifications_total',
    help: 'Number of accepted alert notifications.',
    registers,
  })
  const alerts = new Counter({
    name: 'tta_alerts_total',
    help: 'Number of alerts for each matching rule, by state: started, deferred, deduplicated or ignored.',
    labelNames: ['state'],
    registers,
  })
  for (const state of states) alerts.inc({ state }, 0)
  new Gauge({
    name: 'tta_alert_builds_waiting',
    help: 'Number of graphs whose alert build waits for the end of min_interval_sec.',
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
