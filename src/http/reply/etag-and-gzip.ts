import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { FastifyReply } from 'fastify'
import Negotiator from 'negotiator'

const gzipped = promisify(gzip)
/** Smaller bodies fit into one network packet. */
const minGzipBytes = 1400

/** The bytes of a response and their strong entity tag (RFC 9110, 8.8.3). */
export interface Representation {
  body: Buffer
  etag: string
  contentType: string
  /** The compressed body, once a client has requested it. */
  gzip?: Promise<Buffer>
}

/** Represents a value as JSON. */
export function represent(value: unknown): Representation {
  return representText(JSON.stringify(value), 'application/json; charset=utf-8')
}

/** Represents a text. */
export function representText(text: string, contentType: string): Representation {
  const body = Buffer.from(text)
  return { body, contentType, etag: `"${createHash('sha256').update(body).digest('base64url')}"` }
}

/**
 * Returns a function that represents `select(value)` as JSON. It serialises an object only once: the object must never
 * change.
 */
export function createCachedRepresentation<T extends object>(
  select: (value: T) => unknown,
): (value: T) => Representation {
  const known = new WeakMap<T, Representation>()
  return (value) => {
    let representation = known.get(value)
    if (representation === undefined) {
      representation = represent(select(value))
      known.set(value, representation)
    }
    return representation
  }
}

/**
 * Sends a representation: with gzip if the client accepts it, or as 304 if the client has it already. The compressed
 * body has its own entity tag (RFC 9110, 8.8.3.3).
 */
export async function sendRepresentation(
  reply: FastifyReply,
  representation: Representation,
): Promise<FastifyReply> {
  const { body, etag, contentType } = representation
  const { request } = reply
  const isZipped =
    body.length >= minGzipBytes && new Negotiator(request.raw).encoding(['gzip', 'identity']) === 'gzip'
  const zippedEtag = `${etag.slice(0, -1)}-gzip"`
  const vary = reply.getHeader('vary')
  reply
    .header('etag', isZipped ? zippedEtag : etag)
    .header('cache-control', 'no-cache')
    .header('vary', vary === undefined ? 'accept-encoding' : `${vary}, accept-encoding`)
  const known = request.headers['if-none-match']
  if (isNamed(etag, known) || isNamed(zippedEtag, known)) return reply.code(304).send()
  reply.type(contentType)
  if (!isZipped) return reply.send(body)
  representation.gzip ??= gzipped(body)
  return reply.header('content-encoding', 'gzip').send(await representation.gzip)
}

/** Returns whether If-None-Match has the tag: `*`, or a list that is compared weakly (RFC 9110, 13.1.2). */
function isNamed(etag: string, ifNoneMatch: string | undefined): boolean {
  if (ifNoneMatch === undefined) return false
  return ifNoneMatch.trim() === '*' || (ifNoneMatch.match(/"[^"]*"/g) ?? ([] as string[])).includes(etag)
}
