import type { Acceptance } from '../../sources/embedded/embedded-traces.ts'
import { ProtobufWriter } from '../../sources/protobuf/protobuf-writer.ts'

export type OtlpEncoding = 'json' | 'protobuf'

export const otlpMediaType = { json: 'application/json', protobuf: 'application/x-protobuf' } as const

/** google.rpc.Code by HTTP status (google/rpc/code.proto). */
const rpcCodes: Record<number, number> = { 400: 3, 401: 16, 403: 7, 405: 12, 413: 8, 415: 3, 429: 8, 503: 14 }
const rpcInternal = 13
const rpcInvalidArgument = 3

/** ExportTraceServiceResponse; `partial_success` is left out where no span was rejected. */
export function encodeExportResponse(acceptance: Acceptance, encoding: OtlpEncoding): Buffer {
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
