import { LineCounter, parseDocument, type YAMLError } from 'yaml'
import { ConfigError } from '../config-error.ts'
import { isTree, type Tree } from './tree.ts'

/**
 * Reads a configuration file in YAML 1.2, which may be empty.
 *
 * @param name name of the text in errors
 * @throws {ConfigError} the first syntax error, or every repeated key; the errors quote no value
 */
export function readYaml(text: string, name: string): Tree {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  const problems = [...document.errors, ...document.warnings]
  // Errors after the first syntax error are consequences of it.
  const broken = problems.find(({ code }) => code !== 'DUPLICATE_KEY')
  const reported = broken === undefined ? problems : [broken]
  if (reported.length > 0) {
    throw new ConfigError(reported.map((error) => ({ field: name, message: describe(error, text, lines) })))
  }
  const tree = toJs(document, name)
  if (tree === null || tree === undefined) return {}
  if (isTree(tree)) return tree
  throw new ConfigError([
    { field: name, message: 'must contain keys and values, as config_example.yml does' },
  ])
}

function toJs(document: ReturnType<typeof parseDocument>, name: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch {
    throw new ConfigError([{ field: name, message: 'has an alias without an anchor, or too many aliases' }])
  }
}

/** The parser's messages quote the text, which may be a secret. Its codes do not. */
function describe(error: YAMLError, text: string, lines: LineCounter): string {
  const { line, col } = lines.linePos(error.pos[0])
  const place = `line ${line}, column ${col}`
  if (error.code !== 'DUPLICATE_KEY') {
    return `is not YAML at ${place}: ${error.code.toLowerCase().replaceAll('_', ' ')}`
  }
  const key = /^[\w-]+/.exec(text.slice(error.pos[0]))?.[0] ?? 'a key'
  return `repeats ${key} in the same section, at ${place}`
}
