import { indexOf, namingAttributes } from '../../graph/spans/peer-attributes.ts'
import type { PeerColumns } from '../../graph/spans/peer-columns.ts'
import { PeerNaming } from '../../graph/spans/peer-naming.ts'
import { SpanKind, type SpanTable } from '../../graph/spans/span-table.ts'
import type { ProtobufReader } from '../protobuf/protobuf-reader.ts'
import { internAnyValue, skipOther } from './any-value.ts'
import { AttributeKeys } from './key-value.ts'
import { readId } from './span-fields.ts'
import { internUrlHost } from './url-host.ts'

/** Attributes of spans that the service level reads: those about a peer or a message, and two more. */
export const serviceLevelAttributes: readonly string[] = [
  ...namingAttributes,
  'network.local.address',
  'net.host.ip',
]

const firstOwnAddress = namingAttributes.length
const urls = [indexOf('url.full'), indexOf('http.url')]
const host = indexOf('http.host')

const keys = new AttributeKeys(serviceLevelAttributes)

/**
 * Fills the peer columns of a table. For each span, call `start`, then `read` for each attribute that `attributeOf`
 * knows, in any order, then `finish` after its kind has been read.
 */
export class PeerAttributeReader {
  readonly columns: PeerColumns
  private readonly table: SpanTable
  private readonly naming: PeerNaming
  private readonly absent: number
  private readonly link = new Uint32Array(6)
  private ownAddress = 0

  /** @param absent index into the table's strings of the text for a missing value; 0: no such text */
  constructor(table: SpanTable, absent = 0) {
    this.table = table
    this.columns = table.enablePeers()
    this.naming = new PeerNaming(table.strings)
    this.absent = absent
  }

  start(): void {
    this.naming.start()
    this.ownAddress = 0
  }

  /** Returns the index into `serviceLevelAttributes` of the key from `start` to `end`, or -1. */
  attributeOf(view: DataView, start: number, end: number): number {
    return keys.indexOf(view, start, end)
  }

  /** Reads the AnyValue from `reader.position` to `end`. @throws {ProtobufError} */
  read(attribute: number, reader: ProtobufReader, end: number): void {
    const { strings } = this.table
    if (urls.includes(attribute) || attribute === host) {
      this.naming.addAttribute(
        attribute,
        this.present(internUrlHost(reader, end, strings, attribute === host)),
      )
      return
    }
    const value = this.present(internAnyValue(reader, end, strings))
    if (attribute >= firstOwnAddress) this.ownAddress = value || this.ownAddress
    else this.naming.addAttribute(attribute, value)
  }

  /** Reads a Link: 1 trace_id, 2 span_id. */
  readLink(reader: ProtobufReader, end: number, row: number): void {
    const link = this.link.fill(0)
    while (reader.position < end) {
      const tag = reader.tag(end)
      if (tag === 0x0a) readId(reader, reader.endOfBytes(end), link.subarray(0, 4))
      else if (tag === 0x12) readId(reader, reader.endOfBytes(end), link.subarray(4))
      else skipOther(reader, tag, end, 0b110)
    }
    this.columns.addLink(row, link)
  }

  finish(row: number): void {
    const { columns, naming } = this
    const kind = this.table.kind[row]
    naming.resolve(kind ?? SpanKind.unspecified)
    columns.setPeer(row, naming)
    columns.instance[row] = kind === SpanKind.server ? this.ownAddress : 0
  }

  private present(value: number): number {
    return value === this.absent ? 0 : value
  }
}
