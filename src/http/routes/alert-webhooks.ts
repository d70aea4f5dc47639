import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { AlertBuilds } from '../../builds/alerts/alert-builds.ts'
import { AlertNotification } from '../../builds/alerts/notification.ts'
import { AlertReceipt } from '../../builds/alerts/receipt.ts'
import { challenge, checkSender, hasSenderAuth, type SenderAuth } from '../../builds/alerts/sender-check.ts'
import { acceptJsonOnly } from '../request/json-body.ts'
import { NoQuery } from '../request/query-parameters.ts'
import { ref } from '../schema/components.ts'
import { answer, problems } from '../schema/responses.ts'

export interface AlertWebhookOptions {
  alertBuilds: Pick<AlertBuilds, 'take'>
  /**
   * Returns the authentication of senders. If none is configured, a token with the scope webhook is required. A reload
   * does not change whether it is configured.
   */
  auth: () => SenderAuth
  /** Called with the receipt of each accepted notification. */
  onAccepted?: ((receipt: AlertReceipt) => void) | undefined
  /** Returns Unix ms. */
  now: () => number
}

const firing = {
  summary: 'A firing alert from Grafana',
  value: {
    alerts: [
      {
        status: 'firing',
        labels: { alertname: 'HighLatency', service: 'cart' },
        annotations: {},
        startsAt: '2025-06-01T10:00:00Z',
        endsAt: '0001-01-01T00:00:00Z',
        fingerprint: 'c6eadffa33fcdf37',
      },
    ],
  },
}

/** /webhooks/alerts: starts builds for alerts and responds at once. Grafana can send by POST or PUT. */
export const alertWebhookRoutes: FastifyPluginAsyncTypebox<AlertWebhookOptions> = async (app, options) => {
  const { alertBuilds, auth, onAccepted, now } = options
  const hasOwnCheck = hasSenderAuth(auth())
  acceptJsonOnly(app, (request, reply, body) => {
    if (!hasOwnCheck) return
    reply.header('www-authenticate', challenge(auth()))
    checkSender(auth(), request.headers, body, now())
    reply.removeHeader('www-authenticate')
  })
  for (const method of ['POST', 'PUT'] as const) {
    app.route({
      method,
      url: '/webhooks/alerts',
      schema: {
        operationId: method === 'POST' ? 'reportAlerts' : 'putAlerts',
        summary:
          'Receive a notification from Grafana alerting or Alertmanager and build the graphs for its alerts',
        tags: ['aggregation'],
        querystring: NoQuery,
        body: ref(AlertNotification),
        response: {
          202: answer('Number of alerts by result. The builds run in the background', ref(AlertReceipt)),
          ...problems(400, 401, 413, 415),
        },
      },
      config: {
        scope: hasOwnCheck ? 'none' : 'webhook',
        requestBody: { required: true, examples: { firing } },
      },
      handler: async (request, reply) => {
        const receipt = alertBuilds.take(request.body)
        onAccepted?.(receipt)
        return reply.code(202).send(receipt)
      },
    })
  }
}
