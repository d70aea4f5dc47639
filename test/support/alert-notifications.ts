import { createHash } from 'node:crypto'
import type { Clock } from '../../src/base/clock.ts'
import type { Alert } from '../../src/builds/alerts/notification.ts'

/** 2025-06-01T10:00:00Z */
export const nowMs = 1_748_772_000_000

export function firing(labels: Record<string, string>): Alert {
  return {
    status: 'firing',
    labels,
    annotations: {},
    startsAt: '2025-06-01T09:50:00Z',
    endsAt: '0001-01-01T00:00:00Z',
    fingerprint: createHash('md5').update(JSON.stringify(labels)).digest('hex').slice(0, 16),
  }
}

export function resolved(labels: Record<string, string>): Alert {
  return { ...firing(labels), status: 'resolved', endsAt: '2025-06-01T09:55:00Z' }
}

/** As Grafana 12 sends it (reference: templates/template_data.go of grafana/alerting). */
export function grafanaNotification(alerts: Alert[]) {
  return {
    receiver: 'tta',
    status: 'firing',
    alerts: alerts.map((alert) => ({
      ...alert,
      generatorURL: 'https://grafana/alerting/grafana/abc/view',
      silenceURL: 'https://grafana/alerting/silence/new',
      dashboardURL: '',
      panelURL: '',
      ruleUID: 'abc',
      values: { A: 1.2 },
      valueString: "[ var='A' labels={} value=1.2 ]",
      orgId: 1,
    })),
    groupLabels: {},
    commonLabels: {},
    commonAnnotations: {},
    externalURL: 'https://grafana/',
    appVersion: '12.3.0',
    version: '1',
    groupKey: '{}:{alertname="HighLatency"}',
    truncatedAlerts: 0,
    orgId: 1,
    title: '[FIRING:1] HighLatency',
    state: 'alerting',
    message: '**Firing**\n',
  }
}

/** The notification that the Test button of a contact point sends. */
export function grafanaTest() {
  const alert = {
    ...firing({ alertname: 'TestAlert', instance: 'Grafana' }),
    annotations: { summary: 'Notification test' },
  }
  const notification = grafanaNotification([alert])
  return { ...notification, alerts: notification.alerts.map((one) => ({ ...one, values: null })) }
}

/** As Alertmanager 0.28 sends it (template/template.go). */
export function alertmanagerNotification(alerts: Alert[]) {
  return {
    receiver: 'tta',
    status: 'firing',
    alerts: alerts.map((alert) => ({ ...alert, generatorURL: 'http://prometheus:9090/graph?g0.expr=up' })),
    groupLabels: { alertname: 'HighLatency' },
    commonLabels: {},
    commonAnnotations: {},
    externalURL: 'http://alertmanager:9093',
    version: '4',
    groupKey: '{}:{alertname="HighLatency"}',
    truncatedAlerts: 2,
    notification_reason: 'new_alerts',
  }
}

/** A clock that a test moves. */
export function testClock(startMs = nowMs) {
  let elapsedMs = 0
  let setBackMs = 0
  const waits = new Set<{ atMs: number; wake: () => void }>()
  return {
    now: () => startMs + elapsedMs - setBackMs,
    after(delayMs: number, wake: () => void) {
      const wait = { atMs: elapsedMs + delayMs, wake }
      waits.add(wait)
      return () => void waits.delete(wait)
    },
    /** Wakes who waits, in the order of their times. */
    advance(byMs: number) {
      const untilMs = elapsedMs + byMs
      for (;;) {
        const [next] = [...waits].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)
        if (!next) break
        waits.delete(next)
        elapsedMs = Math.max(elapsedMs, next.atMs)
        next.wake()
      }
      elapsedMs = untilMs
    },
    setBack(byMs: number) {
      setBackMs += byMs
    },
    get waits() {
      return waits.size
    },
  } satisfies Clock & Record<string, unknown>
}
