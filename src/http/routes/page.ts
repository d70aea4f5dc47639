import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { builtFile } from '../../base/package.ts'
import { registerPublicPages } from '../reply/security-headers.ts'

/** What the page must know about where it runs. */
export interface PageSettings {
  /** Of Grafana, without trailing slash; absent: traces are not linked to. */
  grafanaUrl?: string | undefined
  /** Of the Tempo data source there. */
  tempoUid?: string | undefined
}

const root = fileURLToPath(builtFile('page/'))

/** GET /: the page on which the graphs can be looked at, and the files it is made of below /page/. */
export async function pageRoutes(
  app: FastifyInstance,
  { settings }: { settings: PageSettings },
): Promise<void> {
  await registerPublicPages(app, async (pages) => {
    // Without wildcard each file is a route of its own: a graph may be called `page`.
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
