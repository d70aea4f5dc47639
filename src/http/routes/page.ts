import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { builtFile } from '../../base/package.ts'
import { registerPublicPages } from '../reply/security-headers.ts'

/** Settings of the page that depend on the deployment. */
export interface PageSettings {
  /** URL of Grafana without a trailing slash. Absent if the page has no links to traces. */
  grafanaUrl?: string | undefined
  /** UID of the Tempo data source in Grafana. */
  tempoUid?: string | undefined
}

const root = fileURLToPath(builtFile('page/'))

/** GET /: the page that shows graphs. Its files are below /page/. */
export async function pageRoutes(
  app: FastifyInstance,
  { settings }: { settings: PageSettings },
): Promise<void> {
  await registerPublicPages(app, async (pages) => {
    // Without a wildcard, each file has its own route. A graph can be named `page`.
    await pages.register(fastifyStatic, {
      root,
      prefix: '/page/',
      wildcard: false,
      index: false,
      globIgnore: ['**/*.map'],
    })
    pages.get('/', { schema: { hide: true } }, async (_request, reply) =>
      reply.sendFile('index.html', { cacheControl: false }),
    )
  })
  app.get('/page/settings', { schema: { hide: true }, config: { scope: 'read' } }, async () => settings)
}
