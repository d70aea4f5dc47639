import type { FieldError } from '../../base/errors.ts'
import { readText, schemaAt } from '../sections/keys.ts'
import { isTree, mapLeaves, type Tree } from './tree.ts'

export interface Expanded {
  tree: Tree
  /** Fields whose value came from the environment, and so may be a secret. */
  fields: string[]
  /** The variables that `${...}` names, set or not. */
  names: Set<string>
  errors: FieldError[]
}

/** `$${`, `${NAME}`, `${NAME:-default}`, or a `${` that is none of these. */
const reference = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{/g

/**
 * Puts environment variables into the values of a configuration file: `${NAME}` must be set and not empty,
 * `${NAME:-default}` need not, `$${` is a literal `${`. What is put in is not looked at again, and takes the type
 * its key wants. A value that comes out empty counts as not given.
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
        const place = [...path.slice(0, -1), `${path.at(-1)}[${index}]`]
        return isTree(item) ? mapLeaves(item, change, place) : change(item, place)
      })
    }
    return typeof value === 'string' ? expandText(value, path) : value
  }
  return { tree: mapLeaves(file, change), fields, names, errors }
}

const malformed = `has a \${ that is neither \${NAME} nor \${NAME:-default}; write $\${ for the characters`

const missing = (name: string) =>
  `wants the environment variable ${name}, which is not set or empty; write \${${name}:-} where that is fine`
