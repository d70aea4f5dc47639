import type { App, AppOverrides } from '../app.ts'
import type { Config } from '../config/config.ts'
import type { Terminal } from './terminal.ts'

/**
 * Makes every part of tta. Loads their code only now: `--version` and `--help` answer without it.
 * Also says how long the parts may take to close.
 */
export async function createApp(config: Config, terminal: Terminal, overrides: AppOverrides): Promise<App> {
  terminal.onShutdownTimeout?.(config.server.shutdown_timeout_sec * 1000)
  const { buildApp } = await import('../app.ts')
  return buildApp(config, overrides)
}
