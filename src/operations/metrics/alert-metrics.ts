import { Counter, Gauge, type Registry } from 'prom-client'
import type { AlertReceipt } from '../../builds/alerts/receipt.ts'

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
    help: 'Graphs that alerts have asked for and that wait for the end of min_interval',
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
