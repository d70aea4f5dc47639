import { once } from 'node:events'
import type { FastifyBaseLogger } from 'fastify'
import type { App, AppOverrides } from '../app.ts'
import { loadConfig } from '../config/file/load.ts'
import { configSources } from './configure.ts'
import { createApp } from './create-app.ts'
import { listenFailure } from './failure.ts'
import type { Arguments } from './parse-arguments.ts'
import type { Terminal } from './terminal.ts'

/**
 * `tta serve`: runs the HTTP service until the signal, then waits for the requests in progress.
 *
 * @throws {UsageError | ConfigError} if the service cannot be started
 */
export async function serveCommand(
  args: Arguments,
  terminal: Terminal,
  overrides: AppOverrides,
): Promise<void> {
  const sources = configSources(args, terminal)
  const readConfig = () => loadConfig(sources)
  const config = readConfig()
  const { host, port } = config.server
  const { app, reload, close } = await createApp(config, terminal, { readConfig, ...overrides })
  terminal.onHangUp?.(() => reloadAndLog(reload, app.log))
  try {
    const listenTextResolver = (address: string) =>
      `tta listens at ${address}, API documentation: ${address}/docs`
    await app.listen({ host, port, listenTextResolver }).catch((error) => {
      throw listenFailure(error, `${host}:${port}`, 'choose another one with server.port or --port')
    })
    if (!terminal.signal.aborted) await once(terminal.signal, 'abort')
  } finally {
    await close()
  }
}

/** Reloads the configuration and logs the result, because a signal has no answer. */
function reloadAndLog(reload: App['reload'], log: FastifyBaseLogger): void {
  try {
    log.info(reload(), 'configuration reloaded')
  } catch (error) {
    log.error({ err: error }, 'configuration not reloaded')
  }
}
