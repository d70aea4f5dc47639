import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { AlertBuilds } from '../../builds/alerts/alert-builds.ts'
import { AlertNotification } from '../../builds/alerts/notification.ts'
import { AlertReceipt } from '../../builds/alerts/receipt.ts'
import { challenge, checkSender, isConfigured, type SenderAuth } from '../../builds/alerts/sender-check.ts'
import { acceptJsonOnly } from '../request/json-body.ts'
import { NoQuery } from '../request/query-parameters.ts'
import { ref } from '../schema/components.ts'
import { answer, problems } from '../schema/responses.ts'

export interface AlertWebhookOptions {
  refreshes: Pick<AlertBuilds, 'take'>
  /** Where nothing is configured, a token with the scope webhook is wanted; that does not change while tta runs. */
  auth: () => SenderAuth
  /** Told of each notification that was taken. */
  onTaken?: ((receipt: AlertReceipt) => void) | undefined
  /** Unix ms. */
  now: () => number
}

const firing = {
  summary: 'An alert, as Grafana sends it',
  value: {
    version: '1',
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

/** /webhooks/alerts: alerts rebuild graphs. Answered at once; Grafana sends by POST or PUT, as its user likes. */
export const alertWebhookRoutes: FastifyPluginAsyncTypebox<AlertWebhookOptions> = async (app, options) => {
  const { refreshes, auth, onTaken, now } = options
  const hasOwnCheck = isConfigured(auth())
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
          'Take a notification of Grafana alerting or Alertmanager, and rebuild the graphs its alerts are for',
        tags: ['aggregation'],
        querystring: NoQuery,
        body: ref(AlertNotification),
        response: {
          202: answer('What became of each alert; builds go on', ref(AlertReceipt)),
          ...problems(400, 401, 413, 415),
        },
      },
      config: {
        scope: hasOwnCheck ? 'none' : 'webhook',
        requestBody: { required: true, examples: { firing } },
      },
      handler: async (request, reply) => {
        const receipt = refreshes.take(request.body)
        onTaken?.(receipt)
        return reply.code(202).send(receipt)
      },
    })
  }
}
