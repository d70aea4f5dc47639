import type { FastifySchema } from 'fastify'
import type { IngestResult } from '../../sources/embedded/embedded-store.ts'
import { ProtobufWriter } from '../../sources/protobuf/protobuf-writer.ts'

const binary = { type: 'string', format: 'binary' }
const json = { type: 'object', additionalProperties: true }

const status = (description: string) => ({
  description: `${description} A google.rpc.Status in the encoding of the request.`,
  content: {
    'application/json': {
      schema: {
        type: 'object',
        properties: { code: { type: 'integer' }, message: { type: 'string' } },
        required: ['code', 'message'],
      },
    },
    'application/x-protobuf': { schema: binary },
  },
})

const problem = { 'application/problem+json': { schema: { ...json, description: 'RFC 9457' } } }

/** Responses that are a problem document if spans are read from Tempo, because no route reads the encoding then. */
const refusal = (description: string) => {
  const { content, ...rest } = status(description)
  return { ...rest, content: { ...content, ...problem } }
}

/** The schema for the OpenAPI document. The route itself reads and writes bytes. */
export const otlpTracesSchema: FastifySchema & Record<string, unknown> = {
  operationId: 'exportTraces',
  summary: 'Receive spans by OTLP/HTTP',
  description:
    'Receives an OTLP ExportTraceServiceRequest, optionally compressed with gzip. Available if no Tempo is configured: graphs are built from these spans, which stay in memory for a limited time.',
  tags: ['traces'],
  body: {
    content: {
      'application/json': {
        schema: {
          ...json,
          properties: { resourceSpans: { type: 'array', items: json } },
        },
      },
      'application/x-protobuf': { schema: binary },
    },
  },
  response: {
    200: {
      description:
        'An ExportTraceServiceResponse in the encoding of the request. It has partialSuccess if invalid spans were rejected and the others accepted.',
      content: {
        'application/json': {
          schema: {
            type: 'object',
            properties: {
              partialSuccess: {
                type: 'object',
                properties: { rejectedSpans: { type: 'string' }, errorMessage: { type: 'string' } },
              },
            },
          },
        },
        'application/x-protobuf': { schema: binary },
      },
    },
    400: status('The request body could not be decoded.'),
    401: refusal('Authentication required, or unknown token.'),
    403: refusal('The token lacks the scope write.'),
    404: { description: 'tempo.url is configured. Send spans to that Tempo.', content: problem },
    413: status('The request body is too large, before or after decompression.'),
    415: status('Unsupported content type or content encoding.'),
  },
}

export type OtlpEncoding = 'json' | 'protobuf'

export const otlpMediaType = { json: 'application/json', protobuf: 'application/x-protobuf' } as const

/** google.rpc.Code by HTTP status (google/rpc/code.proto). */
const rpcCodes: Record<number, number> = { 400: 3, 401: 16, 403: 7, 405: 12, 413: 8, 415: 3, 429: 8, 503: 14 }
const rpcInternal = 13
const rpcInvalidArgument = 3

/** Encodes an ExportTraceServiceResponse. `partial_success` is absent if no span was rejected. */
export function encodeExportResponse(acceptance: IngestResult, encoding: OtlpEncoding): Buffer {
  const { rejectedSpans, reason } = acceptance
  if (encoding === 'json') {
    // The JSON encoding of protobuf writes 64-bit integers as strings.
    const partialSuccess = { rejectedSpans: String(rejectedSpans), errorMessage: reason }
    return Buffer.from(JSON.stringify(rejectedSpans > 0 ? { partialSuccess } : {}))
  }
  const writer = new ProtobufWriter()
  if (rejectedSpans > 0) {
    writer.message(1, () => {
      writer.varint(1, rejectedSpans)
      writer.string(2, reason)
    })
  }
  return Buffer.from(writer.finish())
}

/** Encodes a google.rpc.Status, the body of every OTLP/HTTP error. */
export function encodeStatus(httpStatus: number, message: string, encoding: OtlpEncoding): Buffer {
  const code = rpcCodes[httpStatus] ?? (httpStatus < 500 ? rpcInvalidArgument : rpcInternal)
  if (encoding === 'json') return Buffer.from(JSON.stringify({ code, message }))
  const writer = new ProtobufWriter()
  writer.varint(1, code)
  writer.string(2, message)
  return Buffer.from(writer.finish())
}
