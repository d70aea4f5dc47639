import { type Static, Type } from 'typebox'

const rfc3339 = '^\\d{4}-\\d\\d-\\d\\d[Tt]\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?([Zz]|[+-]\\d\\d:\\d\\d)$'
const Time = (description: string) => Type.String({ pattern: rfc3339, maxLength: 64, description })

const Texts = (description: string) =>
  Type.Unsafe<Record<string, string>>({
    type: 'object',
    additionalProperties: { type: 'string' },
    description,
  })

/** The fields of an alert that tta reads. Senders add new fields over time, so further ones are allowed. */
export const Alert = Type.Object({
  status: Type.Union([Type.Literal('firing'), Type.Literal('resolved')]),
  labels: Texts('Labels, which rules match'),
  annotations: Type.Optional(Texts('Annotations, for templates')),
  startsAt: Time('When it started to fire, RFC 3339'),
  endsAt: Type.Optional(Time('When it ended; while it fires 0001-01-01T00:00:00Z or a future time')),
  fingerprint: Type.Optional(Type.String({ maxLength: 256, description: 'Hash of the labels' })),
})
export type Alert = Static<typeof Alert>

/**
 * The notifications of Grafana (grafana/alerting, receivers/webhook/v1, `version` "1") and Alertmanager
 * (notify/webhook, "4"). Both have the fields that tta reads.
 */
export const AlertNotification = Type.Object(
  {
    alerts: Type.Array(Alert, { maxItems: 10_000 }),
    truncatedAlerts: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Alerts of the group that the sender left out' }),
    ),
  },
  { $id: 'AlertNotification' },
)
export type AlertNotification = Static<typeof AlertNotification>

/** Returns the name of an alert for people; '' if it has none. */
export function alertName({ labels }: Alert): string {
  return labels.alertname ?? ''
}

/** Whether the Test button of a Grafana contact point sent the alert (grafana/alerting, notify/test_receivers.go). */
export function isTest({ labels, annotations }: Alert): boolean {
  return labels.alertname === 'TestAlert' && (labels.instance === 'Grafana' || isTestText(annotations))
}

const isTestText = (annotations: Record<string, string> | undefined) =>
  annotations?.summary === 'Notification test'
