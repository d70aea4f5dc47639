import { readFileSync } from 'node:fs'
import type { FieldError } from '../../base/errors.ts'
import { fieldErrors } from '../../base/schema-errors.ts'
import { failedChecks } from '../checks/checks.ts'
import { type Config, completeConfig } from '../config.ts'
import { ConfigError, isSecret, withoutSecret } from '../config-error.ts'
import type { ConfigFile } from '../sections/config-file.ts'
import { inFileOrder, readText, schemaAt } from '../sections/schema-keys.ts'
import { readEnvironment } from './environment.ts'
import { expand } from './expand-variables.ts'
import { oneSpelling } from './one-spelling.ts'
import { todaysName } from './renamed-keys.ts'
import { check } from './schema-check.ts'
import { deepFreeze, isTree, mapLeaves, overlay, type Tree } from './tree.ts'
import { readYaml } from './yaml-text.ts'

export interface ConfigSources {
  /** A YAML file. Without it, only environment, overrides and defaults count. */
  path?: string | undefined
  /** YAML in place of the file's content. `path` then only names it in errors. */
  text?: string | undefined
  env: NodeJS.ProcessEnv
  /** Keys of the command line, nested as in the file. Text is converted to the type of its key. */
  overrides?: ConfigOverrides | undefined
}

export type ConfigOverrides = {
  [Section in keyof ConfigFile]?:
    | { [Key in keyof ConfigFile[Section]]?: ConfigFile[Section][Key] | string | undefined }
    | undefined
}

/**
 * Reads the configuration. The command line overrides the environment, that the file, and that the defaults.
 *
 * @returns frozen
 * @throws {ConfigError} every wrong key at once, without secrets
 */
export function loadConfig({ path, text, env, overrides = {} }: ConfigSources): Config {
  const name = path ?? 'the configuration'
  const written = text ?? (path === undefined ? '' : readFile(path))
  const file = oneSpelling(readYaml(written, name))
  const expanded = expand(file.tree, env)
  const environment = readEnvironment(env, expanded.names)
  const environmentLayer = oneSpelling(environment.tree)
  const commandLine = oneSpelling(typed(overrides))
  const merged = overlay(overlay(overlay({}, expanded.tree), environmentLayer.tree), commandLine.tree)

  // A variable that is not set is reported once, and not again as a missing key.
  const unset = expanded.errors.map(({ field }) => field)
  const schemaErrors = (check(merged) ? [] : fieldErrors(check.errors ?? [], name, merged))
    .filter(({ field }) => !unset.includes(field))
    .map(withTodaysName)
  const hidden = (field: string) => isSecret(field, expanded.fields)
  const wrong = [...unset, ...schemaErrors.map(({ field }) => field)]
  const layers = [file, expanded, environment, environmentLayer, commandLine]
  const errors = [
    ...layers.flatMap((layer) => layer.errors),
    ...schemaErrors,
    ...failedChecks(merged as ConfigFile, wrong, hidden),
  ].sort((a, b) => inFileOrder(a.field, b.field))
  if (errors.length > 0) {
    const origins = new Map([...environment.origins, ...originsOf(commandLine.tree)])
    throw new ConfigError(errors.map((error) => withOrigin(withoutSecret(error, hidden), origins)))
  }
  return deepFreeze(
    completeConfig({ ...merged, graphs: overrideGraphs(merged, commandLine.tree) } as ConfigFile),
  )
}

/** Applies the command line to every named graph: it overrides the keys that the file has for one graph. */
function overrideGraphs({ graphs }: Tree, { query = {}, search = {}, tempo }: Tree): Tree {
  const tenant = isTree(tempo) ? tempo.tenant : undefined
  const entries = isTree(graphs) ? Object.entries(graphs) : []
  return Object.fromEntries(
    entries.map(([name, graph]) => [name, isTree(graph) ? overlay(graph, { query, search, tenant }) : graph]),
  )
}

/** Returns the configuration without file, environment and command line. */
export function defaultConfig(): Config {
  return loadConfig({ env: {} })
}

function withTodaysName(error: FieldError): FieldError {
  const today = todaysName(error.field)
  return today === undefined ? error : { field: error.field, message: `is now ${today}` }
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new ConfigError([{ field: path, message: `cannot be read (${code})` }])
  }
}

function typed(overrides: ConfigOverrides): Tree {
  return mapLeaves(overrides, (value, path) =>
    typeof value === 'string' ? readText(value, schemaAt(path)) : value,
  )
}

function originsOf(commandLine: Tree): Map<string, string> {
  const origins = new Map<string, string>()
  mapLeaves(commandLine, (_, path) => origins.set(path.join('.'), 'the command line'))
  return origins
}

function withOrigin(error: FieldError, origins: Map<string, string>): FieldError {
  const origin = origins.get(error.field)
  return origin === undefined ? error : { ...error, message: `${error.message} (set by ${origin})` }
}
