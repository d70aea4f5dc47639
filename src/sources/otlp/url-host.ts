import type { StringTable } from '../../graph/columns/string-table.ts'
import type { ProtobufReader } from '../protobuf/protobuf-reader.ts'
import { skipOther } from './any-value.ts'

const colon = 0x3a
const slash = 0x2f
const at = 0x40

/**
 * Reads the host of a URL (RFC 3986, section 3.2) without user and port. Only the host becomes a string: there may be as
 * many URLs as calls, and they may contain secrets.
 *
 * @param reader at an AnyValue that ends at `end`
 * @param isAuthority whether the text is `host` or `host:port`, as in the header Host, and not a URL
 * @returns index into `strings`; 0 for a URL without a host and for other values
 * @throws {ProtobufError}
 */
export function internUrlHost(
  reader: ProtobufReader,
  end: number,
  strings: StringTable,
  isAuthority: boolean,
): number {
  let index = 0
  while (reader.position < end) {
    const tag = reader.tag(end)
    if (tag === 0x0a) {
      const to = reader.endOfBytes(end)
      const from = isAuthority ? reader.position : afterScheme(reader.bytes, reader.position, to)
      index = internHost(reader.bytes, from, to, strings)
      reader.position = to
    } else skipOther(reader, tag, end, 0b10)
  }
  return index
}

/** Returns the position after the first `://`, or `to`. */
function afterScheme(bytes: Uint8Array, from: number, to: number): number {
  for (let i = from; i + 2 < to; i++) {
    if (bytes[i] === colon && bytes[i + 1] === slash && bytes[i + 2] === slash) return i + 3
    if (bytes[i] === slash) return to
  }
  return to
}

function internHost(bytes: Uint8Array, from: number, to: number, strings: StringTable): number {
  let start = from
  let end = from
  for (; end < to && !endsAuthority(bytes[end]!); end++) if (bytes[end] === at) start = end + 1
  if (bytes[start] === 0x5b && start < end) {
    const closed = bytes.indexOf(0x5d, start)
    return closed < 0 || closed >= end ? 0 : strings.intern(bytes, start + 1, closed)
  }
  const port = bytes.indexOf(colon, start)
  return strings.intern(bytes, start, port < 0 || port > end ? end : port)
}

/** Whether the byte is `/`, `?` or `#`. */
const endsAuthority = (byte: number) => byte === slash || byte === 0x3f || byte === 0x23
