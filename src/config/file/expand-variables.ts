import type { FieldError } from '../../base/errors.ts'
import { readText, schemaAt } from '../sections/schema-keys.ts'
import { isTree, mapLeaves, type Tree } from './tree.ts'

export interface Expanded {
  tree: Tree
  /** Fields whose value came from the environment, and may be a secret. */
  fields: string[]
  /** Variables that `${...}` names, set or not. */
  names: Set<string>
  errors: FieldError[]
}

/** `$${`, `${NAME}`, `${NAME:-default}`, or any other `${`, which is an error. */
const reference = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{/g

/**
 * Replaces references to environment variables in the values of a configuration file. A variable in `${NAME}` must
 * be set and not empty, one in `${NAME:-default}` need not; `$${` is a literal `${`. Replacements are not expanded
 * again and get the type of their key. An empty value counts as absent.
 */
export function expand(file: Tree, env: NodeJS.ProcessEnv): Expanded {
  const fields: string[] = []
  const names = new Set<string>()
  const errors: FieldError[] = []
  const expandText = (text: string, path: string[]): unknown => {
    if (!text.includes('${')) return text
    const field = path.join('.')
    const broken: string[] = []
    let fromEnvironment = false
    const value = text.replace(reference, (match, name?: string, fallback?: string) => {
      if (match === '$${') return '${'
      if (name === undefined) {
        broken.push(malformed)
        return ''
      }
      fromEnvironment = true
      names.add(name)
      const found = env[name] || fallback
      if (found === undefined) broken.push(missing(name))
      return found ?? ''
    })
    if (fromEnvironment) fields.push(field)
    errors.push(...broken.map((message) => ({ field, message })))
    if (broken.length > 0 || value === '') return undefined
    return fromEnvironment ? readText(value, schemaAt(path)) : value
  }
  const change = (value: unknown, path: string[]): unknown => {
    if (Array.isArray(value)) {
      return value.map((item, index) => {
        const itemPath = [...path.slice(0, -1), `${path.at(-1)}[${index}]`]
        return isTree(item) ? mapLeaves(item, change, itemPath) : change(item, itemPath)
      })
    }
    return typeof value === 'string' ? expandText(value, path) : value
  }
  return { tree: mapLeaves(file, change), fields, names, errors }
}

const malformed = `must use \${ only in \${NAME} and \${NAME:-default}; write $\${ for the characters`

const missing = (name: string) =>
  `needs the environment variable ${name}, which is not set or empty; write \${${name}:-} if it is optional`
