import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import { type ConfigOverrides, type ConfigSources, loadConfig } from '../config/file/load.ts'
import type { AggregationParameters } from '../model/parameters.ts'
import { UsageError } from './failure.ts'
import { options } from './options.ts'
import type { Arguments } from './parse-arguments.ts'
import type { Terminal } from './terminal.ts'

/**
 * Loads the configuration. Options of the command line override the environment and the file.
 *
 * @throws {ConfigError} with all errors at once
 */
export function configure(args: Arguments, terminal: Terminal): Config {
  return loadConfig(configSources(args, terminal))
}

/** Returns what the configuration is read from. A `config.yml` that exists now must exist for each later read. */
export function configSources({ values }: Arguments, { env, directory }: Terminal): ConfigSources {
  const defaultPath = join(directory, 'config.yml')
  const path = values.get('config') ?? (existsSync(defaultPath) ? defaultPath : undefined)
  return { path, env, overrides: configOverrides(values) }
}

/** Returns the options that set keys of the configuration. Values are text; the loader converts them. */
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
 * Returns the options that are not part of the configuration, but of each request.
 *
 * @throws {UsageError}
 */
export function requestParameters(values: ReadonlyMap<string, string>): AggregationParameters {
  if (values.has('from') && values.has('search-from')) {
    throw new UsageError('--from and --search-from are mutually exclusive')
  }
  const parameters: AggregationParameters = {}
  for (const { name, target } of options) {
    const value = values.get(name)
    if (value !== undefined && target !== undefined && 'parameter' in target)
      parameters[target.parameter] = value
  }
  return values.has('dry-run') ? { ...parameters, dryRun: true } : parameters
}
