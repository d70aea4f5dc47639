import { type Static, Type } from 'typebox'

const rfc3339 = '^\\d{4}-\\d\\d-\\d\\d[Tt]\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?([Zz]|[+-]\\d\\d:\\d\\d)$'
const Time = (description: string) => Type.String({ pattern: rfc3339, maxLength: 64, description })

const Texts = (description: string) =>
  Type.Unsafe<Record<string, string>>({
    type: 'object',
    additionalProperties: { type: 'string' },
    description,
  })

/** Of an alert only what is used; senders keep adding more. */
export const Alert = Type.Object({
  status: Type.Union([Type.Literal('firing'), Type.Literal('resolved')]),
  labels: Texts('What the rules look at'),
  annotations: Type.Optional(Texts('For templates')),
  startsAt: Time('Since when it fires, RFC 3339'),
  endsAt: Type.Optional(Time('When it ended; of one that fires 0001-01-01T00:00:00Z, or a time to come')),
  fingerprint: Type.Optional(Type.String({ maxLength: 256, description: 'Stands for the labels' })),
})
export type Alert = Static<typeof Alert>

/**
 * What Grafana (grafana/alerting, receivers/webhook/v1, `version` "1") and Alertmanager (notify/webhook, "4") send.
 * They agree on what is used here.
 */
export const AlertNotification = Type.Object(
  {
    alerts: Type.Array(Alert, { maxItems: 10_000 }),
    truncatedAlerts: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Alerts of the group that were left out by the sender' }),
    ),
  },
  { $id: 'AlertNotification' },
)
export type AlertNotification = Static<typeof AlertNotification>

/** How a person would call it. */
export function alertName({ labels }: Alert): string {
  return labels.alertname ?? ''
}

/** The same for every notification of the same alert, until it ends and fires anew. */
export function alertIdentity({ labels, fingerprint, startsAt, status }: Alert): string {
  const who = fingerprint || JSON.stringify(Object.entries(labels).sort())
  return JSON.stringify([who, startsAt, status])
}

/** What the Test button of a Grafana contact point sends (grafana/alerting, notify/test_receivers.go). */
export function isTest({ labels, annotations }: Alert): boolean {
  return labels.alertname === 'TestAlert' && (labels.instance === 'Grafana' || isTestText(annotations))
}

const isTestText = (annotations: Record<string, string> | undefined) =>
  annotations?.summary === 'Notification test'
