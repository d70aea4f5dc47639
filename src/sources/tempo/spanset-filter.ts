/**
 * A token as Tempo's lexer reads it (pkg/traceql/lexer.go): a comment, a string, a number, an attribute, `||`, a word, or one
 * other character. An attribute starts with a dot and may hold slashes and accents, which start no comment and no string.
 */
const token =
  /(?<comment>\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<text>"(?:[^"\\\n]|\\.)*"|`[^`]*`)|\d[\w.]*|\.(?:"(?:[^"\\]|\\.)*"|[^\s{}()=~!<>&|^,"])*|\|\||\w+|[\s\S]/gu

const brackets: Record<string, string> = { '}': '{', ')': '(' }
const example = 'such as { status = error }'

/** A spanset filter without comments, or what is wrong with the query. */
export type SpansetFilter = { spanset: string } | { problem: string }

/**
 * Reads a TraceQL spanset filter that a user wrote. It may combine spansets, and its outer braces may be left out. Every
 * bracket that it opens, it closes, so it stays a part of the query around it. Tempo reports other mistakes.
 *
 * @param query not blank
 */
export function spansetFilter(query: string): SpansetFilter {
  const open: string[] = []
  let spanset = ''
  for (const { 0: text, groups } of query.matchAll(token)) {
    if (groups?.comment !== undefined) {
      spanset += ' '
      continue
    }
    spanset += text
    const problem = problemAt(text, open)
    if (problem !== undefined) return { problem }
  }
  const last = open.pop()
  if (last !== undefined) return { problem: unbalanced(last) }
  const bare = spanset.trim()
  return { spanset: /^[{(]/.test(bare) ? bare : `{ ${bare} }` }
}

const unbalanced = (bracket: string) =>
  `must be one TraceQL spanset filter, ${example}: ${bracket} has no counterpart`

/** Returns why the token cannot be where it is. Updates the open brackets. */
function problemAt(text: string, open: string[]): string | undefined {
  if (text === '{' || text === '(') open.push(text)
  const opening = brackets[text]
  if (opening !== undefined && open.pop() !== opening) return unbalanced(text)
  if (text === 'with' && open.at(-1) !== '{') return 'must not have hints: with() is for whole queries'
  return misplaced[text]
}

const misplaced: Record<string, string> = {
  '|': `must be a TraceQL spanset filter, ${example}, without a pipeline (|)`,
  '"': 'must close each string: " has no counterpart',
  '`': 'must close each string: ` has no counterpart',
  "'": 'must not have \': TraceQL quotes with " or `',
}
