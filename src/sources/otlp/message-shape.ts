/** The encoding of a field's value; `hex` are bytes that JSON writes in hex instead of base64. */
type ScalarType =
  | 'string'
  | 'bytes'
  | 'hex'
  | 'bool'
  | 'uint32'
  | 'enum'
  | 'int64'
  | 'fixed32'
  | 'fixed64'
  | 'double'

export interface Field {
  /** Name in OTLP/JSON. */
  name: string
  number: number
  type: ScalarType | 'message'
  repeated: boolean
  /** Shape of a message field; a function, because messages may contain themselves. */
  shape?: () => MessageShape
}

/** Fields by number; undefined for unused numbers. */
export type MessageShape = readonly (Field | undefined)[]

type Spec = Omit<Field, 'name'>

function shape(specs: Record<string, Spec>): MessageShape {
  const fields: (Field | undefined)[] = []
  for (const [name, spec] of Object.entries(specs)) fields[spec.number] = { name, ...spec }
  return fields
}

const one = (number: number, type: ScalarType): Spec => ({ number, type, repeated: false })
const texts = (number: number): Spec => ({ number, type: 'string', repeated: true })
const message = (number: number, of: () => MessageShape): Spec => ({
  number,
  type: 'message',
  repeated: false,
  shape: of,
})
const messages = (number: number, of: () => MessageShape): Spec => ({
  ...message(number, of),
  repeated: true,
})

// opentelemetry-proto v1.9, common/v1/common.proto

const anyValue: MessageShape = shape({
  stringValue: one(1, 'string'),
  boolValue: one(2, 'bool'),
  intValue: one(3, 'int64'),
  doubleValue: one(4, 'double'),
  arrayValue: message(5, () => arrayValue),
  kvlistValue: message(6, () => keyValueList),
  bytesValue: one(7, 'bytes'),
})
const arrayValue = shape({ values: messages(1, () => anyValue) })
const keyValue = shape({ key: one(1, 'string'), value: message(2, () => anyValue) })
const keyValueList = shape({ values: messages(1, () => keyValue) })
const scope = shape({
  name: one(1, 'string'),
  version: one(2, 'string'),
  attributes: messages(3, () => keyValue),
  droppedAttributesCount: one(4, 'uint32'),
})
const entityRef = shape({
  schemaUrl: one(1, 'string'),
  type: one(2, 'string'),
  idKeys: texts(3),
  descriptionKeys: texts(4),
})

// resource/v1/resource.proto

const resource = shape({
  attributes: messages(1, () => keyValue),
  droppedAttributesCount: one(2, 'uint32'),
  entityRefs: messages(3, () => entityRef),
})

// trace/v1/trace.proto

const event = shape({
  timeUnixNano: one(1, 'fixed64'),
  name: one(2, 'string'),
  attributes: messages(3, () => keyValue),
  droppedAttributesCount: one(4, 'uint32'),
})
const link = shape({
  traceId: one(1, 'hex'),
  spanId: one(2, 'hex'),
  traceState: one(3, 'string'),
  attributes: messages(4, () => keyValue),
  droppedAttributesCount: one(5, 'uint32'),
  flags: one(6, 'fixed32'),
})
const status = shape({ message: one(2, 'string'), code: one(3, 'enum') })
const span = shape({
  traceId: one(1, 'hex'),
  spanId: one(2, 'hex'),
  traceState: one(3, 'string'),
  parentSpanId: one(4, 'hex'),
  name: one(5, 'string'),
  kind: one(6, 'enum'),
  startTimeUnixNano: one(7, 'fixed64'),
  endTimeUnixNano: one(8, 'fixed64'),
  attributes: messages(9, () => keyValue),
  droppedAttributesCount: one(10, 'uint32'),
  events: messages(11, () => event),
  droppedEventsCount: one(12, 'uint32'),
  links: messages(13, () => link),
  droppedLinksCount: one(14, 'uint32'),
  status: message(15, () => status),
  flags: one(16, 'fixed32'),
})
const scopeSpans = shape({
  scope: message(1, () => scope),
  spans: messages(2, () => span),
  schemaUrl: one(3, 'string'),
})
const resourceSpans = shape({
  resource: message(1, () => resource),
  scopeSpans: messages(2, () => scopeSpans),
  schemaUrl: one(3, 'string'),
})

/** ExportTraceServiceRequest (collector/trace/v1/trace_service.proto), the same as TracesData. */
export const traceRequest: MessageShape = shape({ resourceSpans: messages(1, () => resourceSpans) })

/** Deepest nesting of messages, as in the protobuf libraries. */
export const maxDepth = 100
