import type { App, AppOverrides } from '../app.ts'
import type { Config } from '../config/config.ts'
import type { Terminal } from './terminal.ts'

/**
 * Creates the app and reports how long it may take to close. Imports the code of the app here, so that `--version` and
 * `--help` start faster.
 */
export async function createApp(config: Config, terminal: Terminal, overrides: AppOverrides): Promise<App> {
  terminal.onShutdownTimeout?.(config.server.shutdown_timeout_sec * 1000)
  const { buildApp } = await import('../app.ts')
  return buildApp(config, overrides)
}
