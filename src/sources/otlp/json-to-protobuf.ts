import { badRequest } from '../../base/errors.ts'
import { ProtobufWriter } from '../protobuf/protobuf-writer.ts'
import { type Field, type MessageShape, maxDepth, traceRequest } from './message-shape.ts'
import { writeScalar } from './write-scalar.ts'

/**
 * Encodes an ExportTraceServiceRequest in OTLP/JSON as protobuf. The JSON is that of the OTLP specification
 * ("JSON Protobuf Encoding"): names in lowerCamelCase only, ids in hex, enums as integers, 64-bit integers as
 * string or number; null is absent, unknown names are passed over.
 *
 * @param json what JSON.parse gave
 * @throws {TtaError} TTA_BAD_REQUEST with the JSON path of the value that is wrong
 */
export function jsonToProtobuf(json: unknown): Uint8Array {
  const encoder = new JsonEncoder()
  encoder.message(json, traceRequest)
  return encoder.writer.finish()
}

class JsonEncoder {
  readonly writer = new ProtobufWriter()
  /** Names and indexes from the root to the value at hand. */
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

/** As much of a value as an error should repeat. */
function shown(json: unknown): unknown {
  if (typeof json === 'string') return json.length > 100 ? `${json.slice(0, 100)}...` : json
  if (Array.isArray(json)) return '[...]'
  return typeof json === 'object' && json !== null ? '{...}' : json
}
