import type { SpanTable } from '../graph/span-table.ts'
import { PeerReader } from '../otlp/peer-reader.ts'
import type { ProtobufReader } from '../protobuf/protobuf-reader.ts'
import { type AttributeReader, readHex } from './decode-attribute.ts'
import { linkSpanId, linkTraceId } from './traceql.ts'

const utf8 = new TextEncoder()
const linkTraceIdKey = utf8.encode(linkTraceId)
const linkSpanIdKey = utf8.encode(linkSpanId)

/** Reads out of the attributes of a search answer what a span says of its peer, and its last link. */
export class PeerAttributes {
  private readonly reader: ProtobufReader
  private readonly attribute: AttributeReader
  private readonly peers: PeerReader
  private row = 0

  constructor(reader: ProtobufReader, spans: SpanTable, attribute: AttributeReader) {
    this.reader = reader
    this.attribute = attribute
    this.peers = new PeerReader(spans, attribute.nil)
  }

  start(row: number): void {
    this.row = row
    this.peers.start()
  }

  /** Takes the attribute that was entered, if it is one of those. @throws {ProtobufError} */
  take(): void {
    const { reader, attribute, peers } = this
    const known = peers.attributeOf(reader.bytes, attribute.keyStart, attribute.keyEnd)
    if (known >= 0) {
      const after = reader.position
      reader.position = attribute.valueStart
      peers.read(known, reader, attribute.valueEnd)
      reader.position = after
    } else if (attribute.isKey(linkTraceIdKey)) this.link(0, 4)
    else if (attribute.isKey(linkSpanIdKey)) this.link(4, 6)
  }

  /** Called when all attributes have been taken. */
  finish(): void {
    this.peers.finish(this.row)
  }

  /** A span without links has '' or zeros here. */
  private link(from: number, to: number): void {
    const { reader, attribute, peers, row } = this
    attribute.narrowToText()
    const words = peers.columns.link.subarray(row * 6 + from, row * 6 + to).fill(0)
    readHex(reader.bytes, attribute.valueStart, attribute.valueEnd, words)
  }
}
