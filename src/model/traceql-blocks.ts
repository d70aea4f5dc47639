/** Tempo's lexer reads a query in blocks of this size: `bufLen` of Go's text/scanner. */
const blockBytes = 1024

/** A string, a number with its unit, or an attribute with its scope. */
const token = /"(?:[^"\\]|\\.)*"|`[^`]*`|\d[\w.µ]*|[A-Za-z]*\.(?:"(?:[^"\\]|\\.)*"|[^\s{}()=~!<>&|^,"])+/g

/**
 * Returns the query with spaces before each attribute and number that would cross a block of Tempo's lexer.
 *
 * The lexer looks ahead with a copy of its scanner (`tryScopeAttribute` and `tryScanDuration` in pkg/traceql/lexer.go). If
 * the copy reads the next block, the scanner misses it: Tempo 2.10.7 and 3.0.3 refuse such a query, "unexpected $end".
 */
export function withinLexerBlocks(query: string): string {
  if (Buffer.byteLength(query) <= blockBytes) return query
  let padded = ''
  let bytes = 0
  let blockEnd = blockBytes
  const append = (text: string) => {
    padded += text
    for (const character of text) {
      const size = Buffer.byteLength(character)
      // A character that does not fit starts the next block.
      if (bytes + size > blockEnd) blockEnd = bytes + blockBytes
      bytes += size
    }
  }
  let end = 0
  for (const { 0: text, index } of query.matchAll(token)) {
    append(query.slice(end, index))
    const room = blockEnd - bytes
    // The lexer reads one character more than the token.
    if (!/^["`]/.test(text) && Buffer.byteLength(text) + 1 > room) append(' '.repeat(room))
    append(text)
    end = index + text.length
  }
  append(query.slice(end))
  return padded
}
