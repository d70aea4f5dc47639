import { isDeepStrictEqual } from 'node:util'
import { TtaError } from '../base/errors.ts'
import type { Config } from './config.ts'
import { ConfigError } from './config-error.ts'

/** What a reload of the configuration did: keys by their path, sections where the whole of one is meant. */
export interface ReloadReport {
  /** In force from now on. */
  applied: string[]
  /** Changed, and in force only after a restart. */
  needsRestart: string[]
}

export interface ReloadOptions {
  /** What is in force. */
  config: Config
  /** Reads the configuration anew. @throws {ConfigError} */
  read: () => Config
  /** Puts a key, or all keys of a section, into force. @returns false: that takes a restart this time */
  live: Record<string, (config: Config) => unknown>
}

/**
 * Makes a function that reads the configuration anew and puts into force what can be without a restart. One that is
 * wrong changes nothing.
 *
 * @returns throws {TtaError} TTA_CONFIG_INVALID, with every field that is wrong
 */
export function createReload({ config, read, live }: ReloadOptions): () => ReloadReport {
  let inForce = config
  return () => {
    const next = readValid(read)
    const changed = changedKeys(inForce, next)
    const partOf = (key: string) =>
      Object.keys(live).find((part) => key === part || key.startsWith(`${part}.`)) ?? ''
    const parts = [...new Set(changed.map(partOf))].filter((part) => part !== '')
    const done = new Set(parts.filter((part) => live[part]?.(next) !== false))
    // What needs a restart is not in force: it is told again by the next reload.
    const applied = changed.filter((key) => done.has(partOf(key)))
    const needsRestart = changed.filter((key) => !applied.includes(key))
    inForce = merged(inForce, next, applied)
    return { applied, needsRestart }
  }
}

function readValid(read: () => Config): Config {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const message = `The configuration stays as it is: ${error.message}`
    throw new TtaError('TTA_CONFIG_INVALID', message, { cause: error, errors: error.errors })
  }
}

type Part = Record<string, unknown>

/** Names in the file of what is called otherwise in `Config`. */
const inFile: Record<string, string> = {
  'server.tokens': 'server.auth.tokens',
  'server.shutdownTimeoutMs': 'server.shutdown_timeout_sec',
  'parameters.graph': 'graph.name',
  'parameters.searchFrom': 'search.from',
  'parameters.searchMode': 'search.mode',
  'parameters.tenant': 'tempo.tenant',
  'tenants.listed': 'tempo.tenants',
  'loop.intervalSec': 'loop.interval',
  'tempo.timeoutMs': 'tempo.timeout',
  'tempo.ca': 'tempo.ca_file',
  'history.maxAgeMs': 'history.max_age_sec',
  'nodegraphProvider.timeoutMs': 'nodegraph_provider.timeout',
  'webhooks.minIntervalSec': 'webhooks.min_interval',
  'webhooks.deduplicateSec': 'webhooks.deduplicate',
}

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

function keyOf(section: string, name: string): string {
  const known = inFile[`${section}.${name}`]
  return known ?? `${section === 'parameters' ? 'query' : snakeCase(section)}.${snakeCase(name)}`
}

/** Sections and what is in them, as pairs that can be compared. */
function changedKeys(before: Config, after: Config): string[] {
  return entries(before, after)
    .filter(
      ([section, name]) => !isDeepStrictEqual(valueAt(before, section, name), valueAt(after, section, name)),
    )
    .map(([section, name]) => keyOf(section, name))
}

function entries(before: Config, after: Config): [section: string, name: string][] {
  const sections = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...sections].flatMap((section) => {
    const names = [before, after].flatMap((config) => Object.keys((config as unknown as Part)[section] ?? {}))
    return [...new Set(names)].map((name): [string, string] => [section, name])
  })
}

function valueAt(config: Config, section: string, name: string): unknown {
  return ((config as unknown as Part)[section] as Part | undefined)?.[name]
}

/** What is in force after some keys of the new configuration have been applied. */
function merged(before: Config, after: Config, applied: string[]): Config {
  const result: Record<string, Part | undefined> = { ...(before as unknown as Record<string, Part>) }
  for (const [section, name] of entries(before, after)) {
    if (!applied.includes(keyOf(section, name))) continue
    result[section] = { ...result[section], [name]: valueAt(after, section, name) }
  }
  return result as unknown as Config
}
