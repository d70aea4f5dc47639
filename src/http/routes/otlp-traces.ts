import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { FastifyError, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { TtaError } from '../../base/errors.ts'
import type { EmbeddedStore, IngestResult } from '../../sources/embedded/embedded-store.ts'
import { jsonToProtobuf } from '../../sources/otlp/json-to-protobuf.ts'
import { TooManyMessagesError } from '../../sources/otlp/validate.ts'
import { ProtobufError } from '../../sources/protobuf/protobuf-reader.ts'
import { toTtaError } from '../problem/error-response.ts'
import { refuseDeepJson } from '../request/json-body.ts'
import {
  encodeExportResponse,
  encodeStatus,
  type OtlpEncoding,
  otlpMediaType,
  otlpTracesSchema,
} from './otlp-messages.ts'

export interface OtlpTracesOptions {
  traces: EmbeddedStore
  /** Largest request body before and after decompression, bytes. */
  bodyLimitBytes: number
}

const path = '/v1/traces'
const gunzipBounded = promisify(gunzip)

/**
 * POST /v1/traces: receives spans by OTLP/HTTP (opentelemetry.io/docs/specs/otlp, "OTLP/HTTP"). It supports JSON,
 * protobuf, gzip and partial success. A response has the encoding of the request, and an error is a google.rpc.Status.
 * The content type parsers and the error handler do not affect other routes.
 */
export const otlpTracesRoute: FastifyPluginAsync<OtlpTracesOptions> = async (app, options) => {
  const { traces, bodyLimitBytes } = options
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    [otlpMediaType.protobuf, otlpMediaType.json],
    { parseAs: 'buffer', bodyLimit: bodyLimitBytes },
    (_request, body, done) => done(null, body),
  )
  app.setErrorHandler<FastifyError>((error, request, reply) => answerError(error, request, reply))

  app.post(path, {
    bodyLimit: bodyLimitBytes,
    schema: otlpTracesSchema,
    // The body is bytes. Decoding checks their content.
    validatorCompiler: () => () => true,
    handler: async (request, reply) => {
      const encoding = encodingOf(request)
      const body = await decompressed(request, bodyLimitBytes)
      const acceptance = accept(traces, encoding === 'json' ? jsonToProtobuf(parseJson(body)) : body)
      reply.type(otlpMediaType[encoding])
      return reply.send(encodeExportResponse(acceptance, encoding))
    },
  })
}

/** @throws {TtaError} TTA_BAD_REQUEST */
function accept(traces: EmbeddedStore, body: Uint8Array): IngestResult {
  try {
    return traces.add(body)
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error
    if (error instanceof TooManyMessagesError)
      throw new TtaError('TTA_TOO_LARGE', `The request body ${error.message}`, { cause: error })
    throw undecodable(`The request body is not an ExportTraceServiceRequest: ${error.message}`, error)
  }
}

/** @throws {TtaError} 400, 413 or 415 */
async function decompressed(request: FastifyRequest, maxBytes: number): Promise<Uint8Array> {
  const body = request.body instanceof Uint8Array ? request.body : new Uint8Array(0)
  const coding = request.headers['content-encoding']?.trim().toLowerCase() || 'identity'
  if (coding === 'identity') return body
  if (coding !== 'gzip') {
    throw new TtaError('TTA_UNSUPPORTED_MEDIA_TYPE', 'content-encoding must be gzip or identity')
  }
  try {
    return await gunzipBounded(body, { maxOutputLength: maxBytes })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new TtaError('TTA_TOO_LARGE', `The decompressed request body is larger than ${maxBytes} bytes`)
    }
    throw undecodable(`The request body is not valid gzip data: ${(error as Error).message}`, error)
  }
}

/** Most objects and arrays of a JSON body. An empty one has two bytes, and takes far more memory. */
const maxObjects = 1_000_000

/** @throws {TtaError} TTA_BAD_REQUEST, TTA_TOO_LARGE */
function parseJson(body: Uint8Array): unknown {
  try {
    refuseDeepJson(body, maxObjects)
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (error) {
    if (error instanceof TtaError) throw error
    throw undecodable(`The request body is not valid JSON in UTF-8: ${(error as Error).message}`, error)
  }
}

function undecodable(message: string, cause: unknown): TtaError {
  return new TtaError('TTA_BAD_REQUEST', message, { cause })
}

/** Returns the encoding of the request; JSON if it has another content type. */
function encodingOf(request: FastifyRequest): OtlpEncoding {
  const mediaType = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  return mediaType === otlpMediaType.protobuf ? 'protobuf' : 'json'
}

function answerError(error: FastifyError | TtaError, request: FastifyRequest, reply: FastifyReply) {
  const status = error.statusCode ?? 500
  if (status >= 500) request.log.error({ err: error }, 'OTLP request failed')
  if (status === 415) {
    reply
      .header('accept', Object.values(otlpMediaType).join(', '))
      .header('accept-encoding', 'gzip, identity')
  }
  reply.problemCode = toTtaError(error, request).code
  const encoding = encodingOf(request)
  // The response of an internal error reveals no details. The log has them.
  const message = status < 500 ? error.message : 'Internal error'
  return reply
    .code(status)
    .type(otlpMediaType[encoding])
    .send(encodeStatus(status, message, encoding))
}

/** POST /v1/traces if spans are read from Tempo: 404 with the reason. */
export const refuseOtlpTracesRoute: FastifyPluginAsync = async (app) => {
  app.all('/v1/traces', {
    schema: { hide: true },
    // Before the body is read, because no parser accepts its content type.
    onRequest: async () => {
      throw new TtaError(
        'TTA_NOT_FOUND',
        'Spans are not accepted, because tempo.url is configured; send them to that Tempo',
      )
    },
    handler: () => undefined,
  })
}
