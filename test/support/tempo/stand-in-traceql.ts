import { type AttributeValue, attributeOf, type Fragment, type StoredSpan } from './stored-trace.ts'

/** A query in the part of TraceQL that the stand-in knows. */
export interface ParsedQuery {
  /** The spans of a fragment that the query answers; none where it does not match. */
  select(fragment: Fragment): StoredSpan[]
  /** Expressions in `by(...)`. */
  by: string[]
  /** Fields in `select(...)`. */
  fields: string[]
}

/**
 * Parses `spanset | by(...) | by(...) | select(...)`, where a spanset is `{ conditions }` or `(a && b)`, and
 * conditions are comparisons with =, !=, =~ joined by && or ||.
 *
 * @throws {SyntaxError} anything else
 */
export function parseTraceql(text: string): ParsedQuery {
  const tokens = tokenize(text)
  const select = spanset(tokens)
  const query: ParsedQuery = { select, by: [], fields: [] }
  while (tokens.length > 0) {
    expect(tokens, '|')
    const stage = tokens.shift()
    expect(tokens, '(')
    const content: string[] = []
    for (let token = tokens.shift(); token !== ')'; token = tokens.shift()) {
      if (token === undefined) throw new SyntaxError('unexpected $end')
      content.push(token)
    }
    if (stage === 'by') query.by.push(content.join(' '))
    else if (stage === 'select') query.fields.push(...content.filter((token) => token !== ','))
    else throw new SyntaxError(`unexpected ${stage}`)
  }
  return query
}

const token = /\s*(=~|!=|&&|\|\||[{}()|,=%]|[\w:.]*"(?:[^"\\]|\\.)*"|[^\s{}()|,=%!&"]+)/sy

function tokenize(text: string): string[] {
  const tokens: string[] = []
  token.lastIndex = 0
  while (token.lastIndex < text.trimEnd().length) {
    const at = token.lastIndex
    const found = token.exec(text)
    if (!found) throw new SyntaxError(`syntax error at col ${at + 1}`)
    const [, word = ''] = found
    rejectCutAttribute(text, word, token.lastIndex - word.length)
    tokens.push(word)
  }
  return tokens
}

/**
 * Refuses an attribute across two blocks of 1,024 bytes, as Tempo does. A copy of its scanner looks for a scope in at
 * most ten characters of the name. The block that the copy reads is lost.
 */
function rejectCutAttribute(text: string, word: string, start: number): void {
  if (!/^[a-z]*\./.test(word)) return
  const nameStart = start + word.indexOf('.') + 1
  let read = nameStart
  while (read - nameStart <= 10 && /[^\s{}()=~!<>&|^,.]/.test(text[read] ?? ' ')) read++
  if (Math.floor(read / 1024) > Math.floor(nameStart / 1024)) throw new SyntaxError('unexpected $end')
}

function expect(tokens: string[], wanted: string): void {
  const token = tokens.shift()
  if (token !== wanted) throw new SyntaxError(`syntax error: unexpected ${token ?? '$end'}`)
}

/** `(a && b)`: the spans of both where a fragment has both; `(a || b)`: the spans of either; `(a)`: those of a. */
function spanset(tokens: string[]): ParsedQuery['select'] {
  if (tokens[0] !== '(') return filter(tokens)
  expect(tokens, '(')
  let all = spanset(tokens)
  for (let operator = tokens.shift(); operator !== ')'; operator = tokens.shift()) {
    if (operator !== '&&' && operator !== '||')
      throw new SyntaxError(`syntax error: unexpected ${operator ?? '$end'}`)
    const isBoth = operator === '&&'
    const [left, right] = [all, spanset(tokens)]
    all = (fragment) => {
      const [a, b] = [left(fragment), right(fragment)]
      if (isBoth && (a.length === 0 || b.length === 0)) return []
      return fragment.filter((span) => a.includes(span) || b.includes(span))
    }
  }
  return all
}

function filter(tokens: string[]): ParsedQuery['select'] {
  expect(tokens, '{')
  const alternatives: ((span: StoredSpan) => boolean)[][] = [[]]
  while (tokens[0] !== '}') {
    alternatives.at(-1)?.push(condition(tokens))
    if (tokens[0] === '&&') tokens.shift()
    else if (tokens[0] === '||') {
      tokens.shift()
      alternatives.push([])
    }
  }
  expect(tokens, '}')
  return (fragment) => fragment.filter((span) => alternatives.some((all) => all.every((test) => test(span))))
}

function condition(tokens: string[]): (span: StoredSpan) => boolean {
  const [field = '', operator, operand = ''] = tokens.splice(0, 3)
  const value = literal(operand)
  if (operator === '!=' && operand === 'nil') return (span) => attributeOf(span, field) !== undefined
  if (operator === '=') return (span) => attributeOf(span, field) === value
  if (operator !== '=~') throw new SyntaxError(`syntax error: unexpected ${operator ?? '$end'}`)
  // TraceQL anchors patterns at both ends, and its dot matches newlines.
  const pattern = new RegExp(`^(?:${value})$`, 's')
  return (span) => {
    const text = attributeOf(span, field) ?? ''
    return typeof text === 'string' && pattern.test(text)
  }
}

/** Values of two types are never equal; words such as `error` are texts here. */
function literal(operand: string): AttributeValue {
  if (operand === 'true' || operand === 'false') return operand === 'true'
  if (operand.startsWith('"')) return JSON.parse(operand) as string
  return /^-?\d+(\.\d+)?$/.test(operand) ? Number(operand) : operand
}
