import { isDeepStrictEqual } from 'node:util'
import { TtaError } from '../base/errors.ts'
import { hasSenderAuth } from '../builds/alerts/sender-check.ts'
import { senderAuth } from './checks/webhooks.ts'
import type { Config } from './config.ts'
import { ConfigError } from './config-error.ts'
import { defaultConfig } from './file/load.ts'
import { deepFreeze, setAt, type Tree, valueAt } from './file/tree.ts'
import { isSectionMap, keys } from './sections/schema-keys.ts'

/** Sections and keys that a reload applies. Every other key needs a restart. */
const liveParts = [
  'server.auth',
  'server.rate_limit',
  'log.level',
  'graph',
  'query',
  'search',
  'graphs',
  'tempo.tenant',
  'tempo.tenants',
  'webhooks.auth',
  'webhooks.rules',
  'webhooks.min_interval_sec',
  'webhooks.deduplicate_sec',
] as const
type LivePart = (typeof liveParts)[number]

/** Returns whether a reload applies a change of this key. */
export function isLive(path: readonly string[]): boolean {
  return livePartOf(path.join('.')) !== undefined
}

function livePartOf(key: string): LivePart | undefined {
  return liveParts.find((part) => key === part || key.startsWith(`${part}.`))
}

const hasTokens = ({ server }: Config) => server.auth.tokens.length > 0

/**
 * Changes that a reload does not apply. A file that was cut short must not open the API to every caller. The route of
 * alerts is created with or without a check of senders.
 */
const needsRestart: Partial<Record<LivePart, (before: Config, after: Config) => boolean>> = {
  'server.auth': (before, after) => hasTokens(before) && !hasTokens(after),
  'webhooks.auth': (before, after) =>
    hasSenderAuth(senderAuth(before.webhooks)) !== hasSenderAuth(senderAuth(after.webhooks)),
}

/** The result of a reload. Keys are named by their path in the file. */
export interface ReloadReport {
  /** In force from now on. */
  applied: string[]
  /** Changed, and in force only after a restart. */
  needsRestart: string[]
}

/** The configuration in force, which a reload replaces in part. */
export interface LiveConfig {
  readonly current: Config
  /** Returns a function whose result is computed once for each configuration in force. */
  derive<Value>(compute: (config: Config) => Value): () => Value
  /** Calls `listener` after each reload that changed one of the parts. */
  onChange(parts: readonly LivePart[], listener: (config: Config) => void): void
  /**
   * Reads the configuration again. A wrong one changes nothing, and neither does one without a section that was in force:
   * its file may have been cut short.
   *
   * @throws {TtaError} TTA_CONFIG_INVALID, with every wrong field
   */
  reload(): ReloadReport
}

/** @param read reads the configuration again; throws ConfigError. @default it never changes */
export function createLiveConfig(config: Config, read: () => Config = () => config): LiveConfig {
  let current = config
  const listeners: { parts: readonly LivePart[]; listener: (config: Config) => void }[] = []
  return {
    get current() {
      return current
    },
    derive(compute) {
      let source: Config | undefined
      let value: ReturnType<typeof compute>
      return () => {
        if (source !== current) value = compute(current)
        source = current
        return value
      }
    },
    onChange: (parts, listener) => void listeners.push({ parts, listener }),
    reload() {
      const next = readValid(read, current)
      const changed = changedKeys(current, next).map((key) => ({
        key,
        part: applicablePart(key, current, next),
      }))
      const parts = new Set(changed.flatMap(({ part }) => part ?? []))
      current = withParts(current, next, parts)
      for (const { parts: wanted, listener } of listeners) {
        if (wanted.some((part) => parts.has(part))) listener(current)
      }
      const keysWhere = (isApplied: boolean) =>
        changed.flatMap(({ key, part }) => ((part !== undefined) === isApplied ? [key] : []))
      // A key that needs a restart stays different, so the next reload reports it again.
      return { applied: keysWhere(true), needsRestart: keysWhere(false) }
    },
  }
}

function readValid(read: () => Config, before: Config): Config {
  try {
    const next = read()
    const lost = lostSections(before, next)
    if (lost.length === 0) return next
    throw new ConfigError(
      lost.map((field) => ({ field, message: 'must still be set: only a restart removes a section' })),
    )
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const message = `The configuration was not reloaded: ${error.message}`
    throw new TtaError('TTA_CONFIG_INVALID', message, { cause: error, errors: error.errors })
  }
}

/** Returns the sections that have only defaults now, and had other values before. */
function lostSections(before: Config, after: Config): string[] {
  const defaults = defaultConfig()
  const isDefault = (config: Config, section: keyof Config) =>
    isDeepStrictEqual(config[section], defaults[section])
  const sections = Object.keys(defaults) as (keyof Config)[]
  return sections.filter((section) => isDefault(after, section) && !isDefault(before, section))
}

/** Returns the live part of a changed key, or undefined if the change needs a restart. */
function applicablePart(key: string, before: Config, after: Config): LivePart | undefined {
  const part = livePartOf(key)
  return part !== undefined && needsRestart[part]?.(before, after) ? undefined : part
}

/** Returns the keys whose values differ, in the order of the file. Named graphs are compared one by one. */
function changedKeys(before: Config, after: Config): string[] {
  const paths = keys.flatMap(({ path, schema }) => {
    if (!isSectionMap(schema)) return [path]
    const names = [before, after].flatMap((config) =>
      Object.keys((valueAt(config, path) as Tree | undefined) ?? {}),
    )
    return [...new Set(names)].map((name) => [...path, name])
  })
  const differs = (path: string[]) => !isDeepStrictEqual(valueAt(before, path), valueAt(after, path))
  return paths.filter(differs).map((path) => path.join('.'))
}

function withParts(before: Config, after: Config, parts: ReadonlySet<LivePart>): Config {
  const result = structuredClone(before) as unknown as Tree
  for (const part of parts) {
    const path = part.split('.')
    setAt(result, path, valueAt(after, path))
  }
  return deepFreeze(result) as unknown as Config
}
