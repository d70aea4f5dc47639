import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import { type ConfigOverrides, loadConfig } from '../config/file/load.ts'
import type { AggregationParameters } from '../model/parameters.ts'
import { options } from './options.ts'
import type { Arguments } from './parse-arguments.ts'
import type { Terminal } from './terminal.ts'
import { UsageError } from './usage-error.ts'

/**
 * The configuration with the command line's options on top.
 *
 * @throws {ConfigError} everything that is wrong, at once
 */
export function configure({ values }: Arguments, { env, directory }: Terminal): Config {
  const byDefault = join(directory, 'config.yml')
  const path = values.get('config') ?? (existsSync(byDefault) ? byDefault : undefined)
  return loadConfig({ path, env, overrides: configOverrides(values) })
}

/** What the command line says about keys of the configuration; text, to be read as the type of its key. */
export function configOverrides(values: ReadonlyMap<string, string>): ConfigOverrides {
  const overrides: Record<string, Record<string, string>> = {}
  for (const { name, target } of options) {
    const value = values.get(name)
    if (value === undefined || target === undefined || !('key' in target)) continue
    const [section, key] = target.key
    overrides[section] = { ...overrides[section], [key]: value }
  }
  return overrides
}

/**
 * What the command line says that no key of the configuration holds.
 *
 * @throws {UsageError}
 */
export function requestParameters(values: ReadonlyMap<string, string>): AggregationParameters {
  if (values.has('from') && values.has('search-from')) {
    throw new UsageError('--from and --search-from say the same: give one of them')
  }
  const parameters: AggregationParameters = {}
  for (const { name, target } of options) {
    const value = values.get(name)
    if (value !== undefined && target !== undefined && 'parameter' in target)
      parameters[target.parameter] = value
  }
  return values.has('dry-run') ? { ...parameters, dryRun: true } : parameters
}
