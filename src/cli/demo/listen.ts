import type { FastifyInstance } from 'fastify'

const usualPort = 8080

/**
 * Listens on loopback: at `port` and nowhere else, or without it at the usual port, or else at a free one.
 *
 * @returns the base URL, and whether the usual port was taken
 * @throws {Error} the port is taken
 */
export async function listen(
  app: FastifyInstance,
  port: number | undefined,
): Promise<{ url: string; elsewhere: boolean }> {
  const host = '127.0.0.1'
  try {
    return { url: await app.listen({ host, port: port ?? usualPort }), elsewhere: false }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (port !== undefined || (code !== 'EADDRINUSE' && code !== 'EACCES')) throw error
    return { url: await app.listen({ host, port: 0 }), elsewhere: true }
  }
}
