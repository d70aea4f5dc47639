import { createHash } from 'node:crypto'
import type { FastifyReply } from 'fastify'

/** What is sent for a resource, byte for byte, and its strong entity tag (RFC 9110, 8.8.3). */
export interface Representation {
  body: Buffer
  etag: string
  contentType: string
}

/** As JSON. */
export function represent(value: unknown): Representation {
  return representText(JSON.stringify(value), 'application/json; charset=utf-8')
}

export function representText(text: string, contentType: string): Representation {
  const body = Buffer.from(text)
  return { body, contentType, etag: `"${createHash('sha256').update(body).digest('base64url')}"` }
}

/**
 * Remembers what `view` of an object looks like on the wire for as long as the object lives: an object that never
 * changes is serialised once.
 */
export function remembered<T extends object>(view: (value: T) => unknown): (value: T) => Representation {
  const known = new WeakMap<T, Representation>()
  return (value) => {
    let representation = known.get(value)
    if (representation === undefined) {
      representation = represent(view(value))
      known.set(value, representation)
    }
    return representation
  }
}

/** Sends it, or 304 when the client has it. */
export function sendRepresentation(
  reply: FastifyReply,
  { body, etag, contentType }: Representation,
): FastifyReply {
  reply.header('etag', etag).header('cache-control', 'no-cache')
  if (isNamed(etag, reply.request.headers['if-none-match'])) return reply.code(304).send()
  return reply.type(contentType).send(body)
}

/** If-None-Match: `*`, or a list of tags that are compared weakly (RFC 9110, 13.1.2). */
function isNamed(etag: string, ifNoneMatch: string | undefined): boolean {
  if (ifNoneMatch === undefined) return false
  return ifNoneMatch.trim() === '*' || (ifNoneMatch.match(/"[^"]*"/g) ?? ([] as string[])).includes(etag)
}
