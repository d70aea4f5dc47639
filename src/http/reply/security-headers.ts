import helmet from '@fastify/helmet'
import type { FastifyInstance } from 'fastify'

/**
 * Registers routes for pages in a browser. They are public, because a browser cannot send a token for a page. Their
 * Content-Security-Policy allows no inline scripts or styles, and no content from other origins.
 */
export async function registerPublicPages(
  app: FastifyInstance,
  register: (pages: FastifyInstance) => Promise<void>,
): Promise<void> {
  await app.register(async (pages) => {
    pages.addHook('onRoute', (route) => {
      route.config = { ...route.config, scope: 'none' }
    })
    await pages.register(helmet, {
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          scriptSrc: ["'self'"],
          styleSrc: ["'self'"],
          imgSrc: ["'self'", 'data:'],
          fontSrc: ["'self'"],
          connectSrc: ["'self'"],
          baseUri: ["'none'"],
          formAction: ["'none'"],
          frameAncestors: ["'self'"],
        },
      },
      // TLS is the responsibility of a reverse proxy.
      strictTransportSecurity: false,
    })
    await register(pages)
  })
}
