import type { StringTable } from '../../graph/columns/string-table.ts'
import { serviceNameAttribute } from '../../model/identity.ts'
import { BytePattern } from '../protobuf/byte-pattern.ts'
import type { ProtobufReader } from '../protobuf/protobuf-reader.ts'
import type { Attribute } from '../tag-selector.ts'
import { internAnyValue, readNumber, skipOther } from './any-value.ts'
import { KeyValueReader } from './key-value.ts'
import { createServiceIdentity, type ServiceIdentity } from './service-identity.ts'
import type { SpanProjection } from './span-projection.ts'
import { adjustedCountOfRatio } from './weight-attributes.ts'

const serviceNameKey = new BytePattern(serviceNameAttribute)

/** Reads what the spans of a resource have in common. Call `start`, then `read`, then `finish`. */
export class ResourceReader {
  /** Name of the service, index into the strings; 0 = absent. So are tag and group. */
  service = 0
  tag = 0
  group = 0
  /** How many spans each span represents by the sampling attribute; 0: absent, NaN: invalid. */
  adjustedCount = 0

  private readonly strings: StringTable
  private readonly attribute = new KeyValueReader()
  private readonly identity: ServiceIdentity | undefined
  private readonly tagKey: BytePattern | undefined
  private readonly groupKey: BytePattern | undefined
  private readonly samplingKey: BytePattern | undefined

  constructor(strings: StringTable, tag: Attribute, { identity, group, sampling }: SpanProjection = {}) {
    this.strings = strings
    this.identity = createServiceIdentity(strings, identity)
    this.tagKey = keyOnResource(tag)
    this.groupKey = keyOnResource(group)
    this.samplingKey = keyOnResource(sampling)
  }

  start(): void {
    this.service = this.tag = this.group = this.adjustedCount = 0
    this.identity?.start()
  }

  /** Reads a Resource: 1 attributes. @throws {ProtobufError} */
  read(reader: ProtobufReader, end: number): void {
    while (reader.position < end) {
      const tag = reader.tag(end)
      if (tag === 0x0a) this.readAttribute(reader, reader.endOfBytes(end))
      else skipOther(reader, tag, end, 0b10)
    }
  }

  /** Called after the resource, which may be absent. */
  finish(): void {
    if (this.identity) this.service = this.identity.nameOf(this.service)
  }

  private readAttribute(reader: ProtobufReader, end: number): void {
    const { attribute, identity } = this
    attribute.enter(reader, end)
    const valueStart = reader.position
    if (attribute.isKey(reader, serviceNameKey)) this.service = this.value(reader, valueStart)
    if (this.tagKey && attribute.isKey(reader, this.tagKey)) this.tag = this.value(reader, valueStart)
    if (this.groupKey && attribute.isKey(reader, this.groupKey)) this.group = this.value(reader, valueStart)
    const part = identity?.attributeOf(reader.view, attribute.keyStart, attribute.keyEnd) ?? -1
    if (part >= 0) identity?.set(part, this.value(reader, valueStart))
    if (this.samplingKey && attribute.isKey(reader, this.samplingKey)) {
      reader.position = valueStart
      this.adjustedCount = adjustedCountOfRatio(readNumber(reader, attribute.valueEnd))
    }
    reader.position = end
  }

  private value(reader: ProtobufReader, start: number): number {
    reader.position = start
    return internAnyValue(reader, this.attribute.valueEnd, this.strings)
  }
}

const keyOnResource = (attribute: Attribute | undefined) =>
  attribute === undefined || attribute.scope === 'span' ? undefined : new BytePattern(attribute.key)
