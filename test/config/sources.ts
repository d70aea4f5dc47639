import type { Test } from 'tap'
import type { Config } from '../../src/config/config.ts'
import { ConfigError } from '../../src/config/config-error.ts'
import { type ConfigSources, loadConfig } from '../../src/config/file/load.ts'
import { buildSettings } from '../../src/wiring/builds.ts'

/** Loads a file's text in an empty environment. */
export const load = (text: string, more: Partial<ConfigSources> = {}) =>
  loadConfig({ text, env: {}, ...more })

/** The parameters of a build for which a request names nothing. */
export const parametersOf = (config: Config) => buildSettings(config).defaults

/** Returns the error of a refused configuration, and throws if it is accepted. */
export function refused(text: string, more: Partial<ConfigSources> = {}): ConfigError {
  try {
    load(text, more)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error(`was expected to be refused: ${text}`)
}

/** Returns the only error of a configuration, as `field message`. */
export function complaint(t: Test, text: string, more: Partial<ConfigSources> = {}): string {
  const { errors } = refused(text, more)
  t.equal(errors.length, 1, 'one thing is wrong')
  return `${errors[0]?.field} ${errors[0]?.message}`
}
