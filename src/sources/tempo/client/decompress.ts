import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { freeMemory } from './free-memory.ts'
import { TempoAnswerError, TempoTooLargeError } from './tempo-errors.ts'

const gunzipAsync = promisify(gunzip)
/** Smallest buffer to decompress into, bytes. */
const minChunkBytes = 16_384

/**
 * Decompresses the body of an answer, and frees the compressed one.
 *
 * @param encoding of the body; all but gzip are left alone
 * @param maxBytes largest size after decompression
 * @throws {TempoTooLargeError | TempoAnswerError}
 */
export async function decompress(
  body: Buffer,
  encoding: string | undefined,
  maxBytes: number,
): Promise<Buffer> {
  if (encoding !== 'gzip') return body
  try {
    // In one piece, if the length field is right.
    const chunkSize = Math.max(minChunkBytes, Math.min(maxBytes, inflatedLength(body)) + 64)
    const inflated = await gunzipAsync(body, { chunkSize, maxOutputLength: maxBytes })
    freeMemory(body)
    return inflated
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes)
    throw new TempoAnswerError("Tempo's answer is damaged: content-encoding is gzip, and the body is not", {
      cause: error,
    })
  }
}

export const tooLarge = (maxBytes: number) =>
  new TempoTooLargeError(`Tempo's answer is larger than max_answer_bytes (${maxBytes})`)

/**
 * The length of the last member of a gzip by its length field (RFC 1952), limited to the largest possible ratio. Most
 * gzips have one member.
 */
function inflatedLength(gzip: Buffer): number {
  return gzip.length < 4 ? 0 : Math.min(gzip.readUInt32LE(gzip.length - 4), gzip.length * 1032)
}
