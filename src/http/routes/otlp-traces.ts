import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { FastifyError, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { TtaError } from '../../base/errors.ts'
import type { EmbeddedStore, IngestResult } from '../../sources/embedded/embedded-store.ts'
import { jsonToProtobuf } from '../../sources/otlp/json-to-protobuf.ts'
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
  /** Most bytes of a request, before and after decompression. */
  bodyLimitBytes: number
}

const path = '/v1/traces'
const gunzipBounded = promisify(gunzip)

/**
 * `POST /v1/traces` as OTLP/HTTP has it (opentelemetry.io/docs/specs/otlp, "OTLP/HTTP"): JSON and protobuf,
 * gzip, partial success; the answer is in the encoding of the request, and an error is a google.rpc.Status.
 * Content type parsers and the error handler are this plugin's own and leave other routes as they are.
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
    // The body is bytes: what is in them is checked when they are decoded.
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
    throw undecodable(`The body is not an ExportTraceServiceRequest: ${error.message}`, error)
  }
}

/** @throws {TtaError} 400, 413 or 415 */
async function decompressed(request: FastifyRequest, maxBytes: number): Promise<Uint8Array> {
  const body = request.body instanceof Uint8Array ? request.body : new Uint8Array(0)
  const coding = request.headers['content-encoding']?.trim().toLowerCase() || 'identity'
  if (coding === 'identity') return body
  if (coding !== 'gzip') {
    throw new TtaError('TTA_UNSUPPORTED_MEDIA_TYPE', 'Content-Encoding must be gzip or identity')
  }
  try {
    return await gunzipBounded(body, { maxOutputLength: maxBytes })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new TtaError('TTA_TOO_LARGE', `The decompressed body has more than ${maxBytes} bytes`)
    }
    throw undecodable(`The body is not gzip: ${(error as Error).message}`, error)
  }
}

/** @throws {TtaError} TTA_BAD_REQUEST */
function parseJson(body: Uint8Array): unknown {
  try {
    refuseDeepJson(body)
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (error) {
    throw undecodable(`The body is not JSON in UTF-8: ${(error as Error).message}`, error)
  }
}

function undecodable(message: string, cause: unknown): TtaError {
  return new TtaError('TTA_BAD_REQUEST', message, { cause })
}

/** JSON where the request is in neither encoding. */
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
  // What went wrong inside is for the log, not for the caller.
  const message = status < 500 ? error.message : 'Internal error'
  return reply
    .code(status)
    .type(otlpMediaType[encoding])
    .send(encodeStatus(status, message, encoding))
}

/** 404 at the path of OTLP where spans are read from elsewhere: says why, and where they go instead. */
export const refuseOtlpTracesRoute: FastifyPluginAsync = async (app) => {
  app.all('/v1/traces', {
    schema: { hide: true },
    // Before the body is looked at, whose content type no parser here knows.
    onRequest: async () => {
      throw new TtaError(
        'TTA_NOT_FOUND',
        'Spans are taken here only where no tempo.url is configured: this tta reads them from Tempo, so send them there',
      )
    },
    handler: () => undefined,
  })
}
