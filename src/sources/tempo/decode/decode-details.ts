import type { SpanTable } from '../../../graph/spans/span-table.ts'
import { PeerReader } from '../../otlp/peer-reader.ts'
import type { SpanProjection } from '../../otlp/span-decoder.ts'
import { WeightReader } from '../../otlp/weight-reader.ts'
import { BytePattern } from '../../protobuf/byte-pattern.ts'
import type { ProtobufReader } from '../../protobuf/protobuf-reader.ts'
import { linkSpanId, linkTraceId } from '../traceql.ts'
import { type AttributeReader, readHex } from './decode-attribute.ts'

const linkTraceIdKey = new BytePattern(linkTraceId)
const linkSpanIdKey = new BytePattern(linkSpanId)

/**
 * Reads out of the attributes of a search answer what a span stands for and, where it is wanted, what it says of its
 * peer, and its last link.
 */
export class DetailAttributes {
  private readonly reader: ProtobufReader
  private readonly attribute: AttributeReader
  private readonly weights: WeightReader
  private readonly peers: PeerReader | undefined
  /** Trace id and span id of the last link, in whichever order they come. */
  private readonly link = new Uint32Array(6)
  private isLinked = false
  private row = 0

  constructor(reader: ProtobufReader, spans: SpanTable, attribute: AttributeReader, wants: SpanProjection) {
    this.reader = reader
    this.attribute = attribute
    this.weights = new WeightReader(spans, wants.sampling?.key)
    this.peers = wants.peers ? new PeerReader(spans, attribute.nil) : undefined
  }

  start(row: number): void {
    this.row = row
    this.weights.start()
    this.peers?.start()
  }

  /** Takes the attribute that was entered, if it is one of those. @throws {ProtobufError} */
  take(): void {
    if (!this.offer(this.weights) && !this.offer(this.peers) && this.peers) this.takeLink()
  }

  /** Called when all attributes have been taken. */
  finish(): void {
    this.weights.finish(this.row)
    this.peers?.finish(this.row)
    if (!this.isLinked) return
    this.peers?.columns.addLink(this.row, this.link)
    this.link.fill(0)
    this.isLinked = false
  }

  private offer(details: WeightReader | PeerReader | undefined): boolean {
    const { reader, attribute } = this
    const known = details?.attributeOf(reader.view, attribute.keyStart, attribute.keyEnd) ?? -1
    if (!details || known < 0) return false
    if (attribute.isNil()) return true
    const after = reader.position
    reader.position = attribute.valueStart
    details.read(known, reader, attribute.valueEnd)
    reader.position = after
    return true
  }

  /** A span without links has '' or zeros here. */
  private takeLink(): void {
    const { reader, attribute } = this
    const isTraceId = attribute.isKey(linkTraceIdKey)
    if (!isTraceId && !attribute.isKey(linkSpanIdKey)) return
    attribute.narrowToText()
    this.isLinked = true
    const words = isTraceId ? this.link.subarray(0, 4) : this.link.subarray(4)
    words.fill(0)
    readHex(reader.bytes, attribute.valueStart, attribute.valueEnd, words)
  }
}
