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

/** Where spans are read from Tempo nobody looks at the encoding: a problem, as elsewhere. */
const refusal = (description: string) => {
  const { content, ...rest } = status(description)
  return { ...rest, content: { ...content, ...problem } }
}

/** For the OpenAPI document; the route reads and writes bytes. */
export const otlpTracesSchema: FastifySchema & Record<string, unknown> = {
  operationId: 'exportTraces',
  summary: 'Takes spans as OTLP/HTTP',
  description:
    'An OTLP ExportTraceServiceRequest, gzip or not. The spans are held in memory for a while and are what graphs are built from where no Tempo is configured.',
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
        'An ExportTraceServiceResponse in the encoding of the request; with partialSuccess where invalid spans were rejected and the others kept.',
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
    400: status('The body could not be decoded.'),
    401: refusal('A token is configured, and the request has none that is known.'),
    403: refusal('The token does not have the scope write.'),
    404: { description: 'tempo.url is configured: spans go to that Tempo.', content: problem },
    413: status('The body is too large, as sent or decompressed.'),
    415: status('Another content type or content encoding.'),
  },
}

export type OtlpEncoding = 'json' | 'protobuf'

export const otlpMediaType = { json: 'application/json', protobuf: 'application/x-protobuf' } as const

/** google.rpc.Code by HTTP status (google/rpc/code.proto). */
const rpcCodes: Record<number, number> = { 400: 3, 401: 16, 403: 7, 405: 12, 413: 8, 415: 3, 429: 8, 503: 14 }
const rpcInternal = 13
const rpcInvalidArgument = 3

/** ExportTraceServiceResponse; `partial_success` is left out where no span was rejected. */
export function encodeExportResponse(acceptance: IngestResult, encoding: OtlpEncoding): Buffer {
  const { rejectedSpans, reason } = acceptance
  if (encoding === 'json') {
    // 64-bit integers are strings in the JSON of protobuf.
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

/** google.rpc.Status, the body of every error of OTLP/HTTP. */
export function encodeStatus(httpStatus: number, message: string, encoding: OtlpEncoding): Buffer {
  const code = rpcCodes[httpStatus] ?? (httpStatus < 500 ? rpcInvalidArgument : rpcInternal)
  if (encoding === 'json') return Buffer.from(JSON.stringify({ code, message }))
  const writer = new ProtobufWriter()
  writer.varint(1, code)
  writer.string(2, message)
  return Buffer.from(writer.finish())
}
