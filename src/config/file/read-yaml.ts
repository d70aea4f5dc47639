import { LineCounter, parseDocument, type YAMLError } from 'yaml'
import { ConfigError } from '../config-error.ts'
import { isTree, type Tree } from './tree.ts'

/**
 * Reads a YAML 1.2 configuration file; an empty one is no configuration, which is fine.
 *
 * @param name what the text is called in errors
 * @throws {ConfigError} the first place where the text is no YAML, or every key given twice; none quotes a value
 */
export function readYaml(text: string, name: string): Tree {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  const problems = [...document.errors, ...document.warnings]
  // After the first place that is no YAML the parser is lost, and what it reports then is of no use.
  const broken = problems.find(({ code }) => code !== 'DUPLICATE_KEY')
  const told = broken === undefined ? problems : [broken]
  if (told.length > 0) {
    throw new ConfigError(told.map((error) => ({ field: name, message: inWords(error, text, lines) })))
  }
  const tree = toJs(document, name)
  if (tree === null || tree === undefined) return {}
  if (isTree(tree)) return tree
  throw new ConfigError([{ field: name, message: 'must hold keys and values, as config_example.yml does' }])
}

function toJs(document: ReturnType<typeof parseDocument>, name: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch {
    throw new ConfigError([{ field: name, message: 'has an alias without anchor, or too many of them' }])
  }
}

/** The parser's own sentences quote the text, which may be a secret; its codes do not. */
function inWords(error: YAMLError, text: string, lines: LineCounter): string {
  const { line, col } = lines.linePos(error.pos[0])
  const place = `line ${line}, column ${col}`
  if (error.code !== 'DUPLICATE_KEY') {
    return `is no YAML at ${place}: ${error.code.toLowerCase().replaceAll('_', ' ')}`
  }
  const key = /^[\w-]+/.exec(text.slice(error.pos[0]))?.[0] ?? 'a key'
  return `has ${key} a second time in the same section, at ${place}`
}
