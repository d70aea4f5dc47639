/** Wire types of protobuf (protobuf.dev/programming-guides/encoding). */
export const WireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const

/** A message is cut short or is not protobuf. */
export class ProtobufError extends Error {
  override name = 'ProtobufError'
}

/**
 * Reads protobuf fields in place, without copies. Checks every length against the enclosing message, so that a truncated
 * or altered message throws `ProtobufError` and never reads beyond its end.
 *
 * To walk a message that ends at `end`:
 *
 *     while (reader.position < end) {
 *       const tag = reader.tag(end)
 *       if (tag === 0x0a) text(reader.bytes, reader.position, reader.endOfBytes(end))
 *       else reader.skip(tag, end)
 *     }
 *
 * A caller that enters a nested message walks up to the end of that message, and leaves `position` there.
 */
export class ProtobufReader {
  position = 0
  /** The words of the last `varint64` or `fixed64`. */
  hi = 0
  lo = 0

  readonly bytes: Uint8Array
  /** The same bytes. */
  readonly view: DataView

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Field number << 3 | wire type. */
  tag(end: number): number {
    return this.varint32(end)
  }

  /** Returns the end of a length-delimited field; `position` is then at its start. */
  endOfBytes(end: number): number {
    const length = this.varint32(end)
    const to = this.position + length
    if (to > end) throw new ProtobufError(`${length} bytes announced, ${end - this.position} left`)
    return to
  }

  /** Reads an unsigned varint of at most 32 bits. */
  varint32(end: number): number {
    const { position } = this
    // Nearly all tags and lengths have one byte. This part is small enough to be inlined.
    if (position < end) {
      const byte = this.bytes[position]!
      if (byte < 0x80) {
        this.position = position + 1
        return byte
      }
    }
    return this.longVarint32(end)
  }

  private longVarint32(end: number): number {
    const { bytes } = this
    let { position } = this
    let value = 0
    for (let shift = 0; ; shift += 7) {
      if (shift > 28) throw new ProtobufError('varint over 32 bits')
      if (position >= end) this.cutShort()
      const byte = bytes[position++]!
      if (shift === 28 && byte > 0x0f) throw new ProtobufError('varint over 32 bits')
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    this.position = position
    return value >>> 0
  }

  /** Reads an unsigned varint of up to 64 bits into `hi` and `lo`. */
  varint64(end: number): void {
    const { bytes } = this
    let { position } = this
    let lo = 0
    let hi = 0
    let shift = 0
    let byte = 0x80
    for (; byte >= 0x80 && shift < 28; shift += 7) {
      if (position >= end) this.cutShort()
      byte = bytes[position++]!
      lo |= (byte & 0x7f) << shift
    }
    if (byte >= 0x80) {
      if (position >= end) this.cutShort()
      byte = bytes[position++]!
      lo |= byte << 28
      hi = (byte & 0x7f) >>> 4
      for (shift = 3; byte >= 0x80; shift += 7) {
        if (shift > 31) throw new ProtobufError('varint over 64 bits')
        if (position >= end) this.cutShort()
        byte = bytes[position++]!
        hi |= (byte & 0x7f) << shift
      }
    }
    this.position = position
    this.hi = hi >>> 0
    this.lo = lo >>> 0
  }

  /** Reads a 64-bit varint as a number, exact below 2^53. */
  varintNumber(end: number): number {
    this.varint64(end)
    return this.hi * 4294967296 + this.lo
  }

  /** Reads a little-endian 64-bit integer into `hi` and `lo`. */
  fixed64(end: number): void {
    this.lo = this.fixed32(end)
    this.hi = this.fixed32(end)
  }

  fixed32(end: number): number {
    const { position } = this
    if (position + 4 > end) this.cutShort()
    this.position = position + 4
    return this.view.getUint32(position, true)
  }

  /** Skips the value of a field. */
  skip(tag: number, end: number): void {
    if (tag >>> 3 === 0) throw new ProtobufError('field number 0')
    switch (tag & 7) {
      case WireType.varint:
        this.varint64(end)
        return
      case WireType.fixed64:
        this.advance(8, end)
        return
      case WireType.bytes:
        this.position = this.endOfBytes(end)
        return
      case WireType.fixed32:
        this.advance(4, end)
        return
      default:
        throw new ProtobufError(`wire type ${tag & 7} is not supported`)
    }
  }

  private advance(length: number, end: number): void {
    if (this.position + length > end) this.cutShort()
    this.position += length
  }

  private cutShort(): never {
    throw new ProtobufError('message is cut short')
  }
}
