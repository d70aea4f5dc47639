import type http from 'node:http'

export type Row = Record<string, unknown>
export interface Stored {
  nodes: Row[]
  edges: Row[]
}

export function view({ nodes, edges }: Stored): { nodes: Row[] | null; edges: Row[] | null } {
  const byId = new Map(nodes.map((row) => [row.id, row]))
  const touched = new Set(edges.flatMap(({ source, target }) => [target, source]))
  const rows = [...touched].map((id) => byId.get(id) ?? {})
  const drawn = edges.map((row) => ({ ...row, id: `${row.source}:${row.target}` }))
  return { nodes: rows.length > 0 ? rows : null, edges: drawn.length > 0 ? drawn : null }
}

export function wrongBody(body: string): string | null {
  let value: Record<string, unknown>
  try {
    value = JSON.parse(body)
  } catch {
    return 'Not a valid json: unexpected end'
  }
  if (!('nodes' in value)) return 'No nodes in the json'
  if (!('edges' in value)) return 'No edges in the json'
  return null
}

export function dangles({ nodes, edges }: Stored): boolean {
  const ids = new Set(nodes.map(({ id }) => id))
  return edges.some(({ source, target }) => !ids.has(source) || !ids.has(target))
}

export const cypherKeys = ({ nodes, edges }: Stored) =>
  [...nodes, ...edges].every((row) => Object.keys(row).every((key) => /^[A-Za-z_][A-Za-z0-9_$]*$/.test(key)))

/** Go's strconv.Quote, read back by Cypher: seen for ESC, U+00A0, U+200B, U+200D, U+3000, U+E000. */
export function quoted(row: Row): Row {
  const quote = (value: unknown) =>
    typeof value === 'string' ? value.replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, escaped) : value
  return Object.fromEntries(Object.entries(row).map(([key, value]) => [key, quote(value)]))
}

function escaped(char: string): string {
  const code = char.codePointAt(0) ?? 0
  const hex = (digits: number) => code.toString(16).padStart(digits, '0')
  // \a \b \t \n \v \f \r are escapes that both sides know.
  if (code >= 7 && code <= 13) return char
  if (code < 0x80) return `\\x${hex(2)}`
  return code < 0x10000 ? `\\u${hex(4)}` : `\\U${hex(8)}`
}

export function answerWritten(method: string, graph: string, response: http.ServerResponse): void {
  if (method === 'DELETE') response.writeHead(200).end()
  else say(response, 201, `Create graph ${graph}`)
}

export function send(response: http.ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** The provider's status body: the message is not escaped. */
export function say(response: http.ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`{"message": "${message}"}\n`)
}

export async function text(request: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
