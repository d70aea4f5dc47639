import { badRequest } from '../../base/errors.ts'
import { ProtobufWriter } from '../protobuf/protobuf-writer.ts'
import { type Field, type MessageShape, maxDepth, traceRequest } from './message-shape.ts'

const integer = /^-?\d{1,20}$/
const hex = /^(?:[0-9a-fA-F]{2})*$/
const base64 = /^[A-Za-z0-9+/_-]*={0,2}$/
const int64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n }
const uint64 = { min: 0n, max: 2n ** 64n - 1n }
const uint32 = { min: 0n, max: 2n ** 32n - 1n }
const int32 = { min: -(2n ** 31n), max: 2n ** 31n - 1n }

/**
 * Encodes an ExportTraceServiceRequest in OTLP/JSON as protobuf.
 *
 * Accepts the JSON of the OTLP specification ("JSON Protobuf Encoding"). Names are in lowerCamelCase, ids in hex, enums
 * integers, and 64-bit integers a string or number. null means absent; unknown names are ignored.
 *
 * @param json result of JSON.parse
 * @throws {TtaError} TTA_BAD_REQUEST with the JSON path of the value that is wrong
 */
export function jsonToProtobuf(json: unknown): Uint8Array {
  const encoder = new JsonEncoder()
  encoder.message(json, traceRequest)
  return encoder.writer.finish()
}

class JsonEncoder {
  readonly writer = new ProtobufWriter()
  /** Names and indexes from the root to the current value. */
  private readonly path: (string | number)[] = []
  private depth = 0

  message(json: unknown, shape: MessageShape): void {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) this.fail(json, 'must be an object')
    if (++this.depth > maxDepth) this.fail('{...}', `must not be nested deeper than ${maxDepth}`)
    const values = json as Record<string, unknown>
    for (const field of shape) {
      if (field === undefined) continue
      const value = values[field.name]
      if (value === undefined || value === null) continue
      this.path.push(field.name)
      if (field.repeated) this.repeated(field, value)
      else this.field(field, value)
      this.path.pop()
    }
    this.depth--
  }

  private repeated(field: Field, json: unknown): void {
    if (!Array.isArray(json)) this.fail(json, 'must be an array')
    for (let index = 0; index < json.length; index++) {
      this.path.push(index)
      this.field(field, json[index])
      this.path.pop()
    }
  }

  private field(field: Field, json: unknown): void {
    const { shape, number } = field
    if (shape) this.writer.message(number, () => this.message(json, shape()))
    else {
      const allowed = writeScalar(this.writer, field, json)
      if (allowed !== null) this.fail(json, allowed)
    }
  }

  private fail(json: unknown, message: string): never {
    const field = this.path.reduce<string>(
      (path, step) => path + (typeof step === 'number' ? `[${step}]` : `.${step}`),
      '$',
    )
    throw badRequest([{ field, value: shown(json), message }])
  }
}

/** Shortens a value for an error. */
function shown(json: unknown): unknown {
  if (typeof json === 'string') return json.length > 100 ? `${json.slice(0, 100)}...` : json
  if (Array.isArray(json)) return '[...]'
  return typeof json === 'object' && json !== null ? '{...}' : json
}

/**
 * Writes the JSON value of a field that is not a message.
 *
 * @returns null, or what the value must be; then nothing is written
 */
function writeScalar(writer: ProtobufWriter, field: Field, json: unknown): string | null {
  const { number, type } = field
  switch (type) {
    case 'string':
      if (typeof json !== 'string') return 'must be a string'
      writer.string(number, json)
      return null
    case 'hex':
      if (typeof json !== 'string' || !hex.test(json)) return 'must be a string of hex digits, two for a byte'
      writer.bytes(number, Buffer.from(json, 'hex'))
      return null
    case 'bytes':
      if (typeof json !== 'string' || !base64.test(json)) return 'must be a string in base64'
      writer.bytes(number, Buffer.from(json, 'base64'))
      return null
    case 'bool':
      if (typeof json !== 'boolean') return 'must be true or false'
      writer.varint(number, json ? 1 : 0)
      return null
    case 'double':
      return writeDouble(writer, number, json)
    default:
      return writeInteger(writer, field, json)
  }
}

function writeDouble(writer: ProtobufWriter, number: number, json: unknown): string | null {
  const named = json === 'NaN' || json === 'Infinity' || json === '-Infinity'
  const value = typeof json === 'string' && json.trim() !== '' ? Number(json) : json
  if (typeof value !== 'number' || (Number.isNaN(value) && !named)) {
    return 'must be a number, "NaN", "Infinity" or "-Infinity"'
  }
  writer.double(number, value)
  return null
}

function writeInteger(writer: ProtobufWriter, { number, type }: Field, json: unknown): string | null {
  if (type === 'enum' && typeof json !== 'number') return 'must be an integer: OTLP/JSON has no enum names'
  const { min, max } = rangeOf(type)
  const value = toBigInt(json)
  if (value === null || value < min || value > max) {
    return `must be an integer from ${min} to ${max}, as a number or a string`
  }
  if (type === 'fixed64') writer.fixed64(number, value)
  else if (type === 'fixed32') writer.fixed32(number, Number(value))
  else writer.varint(number, value)
  return null
}

function toBigInt(json: unknown): bigint | null {
  if (typeof json === 'number') return Number.isInteger(json) ? BigInt(json) : null
  return typeof json === 'string' && integer.test(json) ? BigInt(json) : null
}

function rangeOf(type: Field['type']): { min: bigint; max: bigint } {
  if (type === 'int64') return int64
  if (type === 'fixed64') return uint64
  return type === 'enum' ? int32 : uint32
}
