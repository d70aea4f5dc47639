import type { FieldError } from '../../base/errors.ts'
import { closest } from '../../base/schema-errors.ts'
import { isTextMap, type Key, keys, readText } from '../sections/schema-keys.ts'
import { renamedPaths, todaysName } from './renamed-keys.ts'
import { isTree, setAt, type Tree } from './tree.ts'

export interface EnvironmentLayer {
  tree: Tree
  /** Field to the variable that set it. */
  origins: Map<string, string>
  errors: FieldError[]
}

const byName = new Map(keys.map((key) => [environmentName(key.path), key]))
const maps = keys.filter(({ schema }) => isTextMap(schema))

/** Returns the environment variable of a key: `TTA_` and its path, such as `TTA_SERVER_PORT`. */
export function environmentName(path: readonly string[]): string {
  return `TTA_${path.join('_').toUpperCase()}`
}

/**
 * Reads the configuration that the environment holds. An empty variable counts as absent.
 * Headers are a JSON object, or one variable each: `TTA_TEMPO_HEADERS_X_TEAM` is the header `x-team`.
 *
 * @param named variables that the file refers to: these need not be named after a key
 */
export function readEnvironment(env: NodeJS.ProcessEnv, named: ReadonlySet<string>): EnvironmentLayer {
  const layer: EnvironmentLayer = { tree: {}, origins: new Map(), errors: [] }
  for (const name of Object.keys(env).sort()) {
    const text = env[name] ?? ''
    if (name.startsWith('TTA_') && text !== '' && !isServiceLink(name, text)) read(name, text, layer, named)
  }
  return layer
}

/**
 * Kubernetes sets variables with the address of every service in the environment of a pod. For a service named
 * `tta` or `tta-...` they begin with TTA_ (kubernetes.io/docs/concepts/services-networking/service).
 */
function isServiceLink(name: string, text: string): boolean {
  if (/_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_\w+)?$/.test(name)) return !byName.has(name)
  return name.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(text)
}

function read(name: string, text: string, layer: EnvironmentLayer, named: ReadonlySet<string>): void {
  const { tree, origins, errors } = layer
  const key = byName.get(name)
  if (key !== undefined) {
    setAt(tree, key.path, readText(text, key.schema))
    origins.set(
      key.path.join('.'),
      key.schema.type === 'object' || key.schema.type === 'array' ? `${name}, as JSON` : name,
    )
    return
  }
  const header = headerPath(name)
  if (header === undefined) {
    if (!named.has(name)) errors.push({ field: name, message: unknownName(name) })
    return
  }
  const [section = '', map = ''] = header
  const written = tree[section]
  // Headers that are not a JSON object are reported, so they are not replaced.
  if (isTree(written) && written[map] !== undefined && !isTree(written[map])) return
  setAt(tree, header, text)
  origins.set(header.join('.'), name)
}

function headerPath(name: string): string[] | undefined {
  const belongs = ({ path }: Key) =>
    name.startsWith(`${environmentName(path)}_`) && name.length > environmentName(path).length + 1
  const map = maps.find(belongs)
  if (map === undefined) return undefined
  const header = name.slice(environmentName(map.path).length + 1)
  return [...map.path, header.toLowerCase().replaceAll('_', '-')]
}

function unknownName(name: string): string {
  const renamed = renamedPaths.find((path) => environmentName(path.split('.')) === name)
  const today = renamed && todaysName(renamed)
  if (today) return `is now ${environmentName(today.split('.'))}`
  const meant = closest(name, [...byName.keys()])
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`
  return `is not the environment name of a key${hint} (TTA_ and the path of a key in config_example.yml)`
}
