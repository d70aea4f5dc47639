import helmet from '@fastify/helmet'
import type { FastifyInstance } from 'fastify'

/**
 * Registers routes that browsers show as pages: open to everybody, because a page cannot send a token before it is
 * there, and with headers that keep out what is not tta's own: no inline script or style, nothing from elsewhere.
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
      // Whether there is TLS, and for which names, is for the proxy in front to say.
      strictTransportSecurity: false,
    })
    await register(pages)
  })
}
