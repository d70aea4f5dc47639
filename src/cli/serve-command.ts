import { once } from 'node:events'
import type { FastifyBaseLogger } from 'fastify'
import type { App, AppOverrides } from '../app.ts'
import { configure } from './configure.ts'
import { createApp } from './create-app.ts'
import { listenFailure } from './listen-failure.ts'
import type { Arguments } from './parse-arguments.ts'
import type { Terminal } from './terminal.ts'

/**
 * `tta serve`: runs the HTTP service until the signal, then lets requests under way end.
 *
 * @throws {UsageError | ConfigError} it cannot be run this way
 */
export async function serveCommand(
  args: Arguments,
  terminal: Terminal,
  overrides: AppOverrides,
): Promise<void> {
  const config = configure(args, terminal)
  const { host, port } = config.server
  const readConfig = () => configure(args, terminal)
  const { app, reload, close } = await createApp(config, terminal, { readConfig, ...overrides })
  terminal.onHangUp?.(() => reloadAndTell(reload, app.log))
  try {
    const listenTextResolver = (address: string) => `tta listens at ${address}, its API is at ${address}/docs`
    await app.listen({ host, port, listenTextResolver }).catch((error) => {
      throw listenFailure(error, `${host}:${port}`, 'server.port or --port takes another one')
    })
    if (!terminal.signal.aborted) await once(terminal.signal, 'abort')
  } finally {
    await close()
  }
}

/** Nobody waits for an answer to a signal: the log has it. */
function reloadAndTell(reload: App['reload'], log: FastifyBaseLogger): void {
  try {
    log.info(reload(), 'configuration reloaded')
  } catch (error) {
    log.error({ err: error }, 'configuration not reloaded')
  }
}
