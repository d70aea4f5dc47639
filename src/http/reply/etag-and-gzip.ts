import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { FastifyReply } from 'fastify'
import Negotiator from 'negotiator'

const gzipped = promisify(gzip)
/** Below this a packet more or less makes no difference. */
const minGzipBytes = 1400

/** What is sent for a resource, byte for byte, and its strong entity tag (RFC 9110, 8.8.3). */
export interface Representation {
  body: Buffer
  etag: string
  contentType: string
  /** The body compressed, from when it was first asked for. */
  gzip?: Promise<Buffer>
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
export function rememberRepresentation<T extends object>(
  view: (value: T) => unknown,
): (value: T) => Representation {
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

/**
 * Sends it, compressed where the client takes that, or 304 when the client has it. Compressed it is another
 * representation with a tag of its own (RFC 9110, 8.8.3.3).
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

/** If-None-Match: `*`, or a list of tags that are compared weakly (RFC 9110, 13.1.2). */
function isNamed(etag: string, ifNoneMatch: string | undefined): boolean {
  if (ifNoneMatch === undefined) return false
  return ifNoneMatch.trim() === '*' || (ifNoneMatch.match(/"[^"]*"/g) ?? ([] as string[])).includes(etag)
}
