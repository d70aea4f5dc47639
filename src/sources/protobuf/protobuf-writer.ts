import { WireType } from './protobuf-reader.ts'

const utf8Encoder = new TextEncoder()

/** Writes protobuf fields one after the other, also fields with their default value. */
export class ProtobufWriter {
  private buffer = new Uint8Array(256)
  private view = new DataView(this.buffer.buffer)
  private position = 0

  /** Returns a copy of the written bytes. */
  finish(): Uint8Array {
    return this.buffer.slice(0, this.position)
  }

  /** Writes int32, int64, uint32, uint64, bool and enums, in two's complement; -2^63 <= value < 2^64. */
  varint(field: number, value: number | bigint): void {
    this.tag(field, WireType.varint)
    if (typeof value === 'number' && value >= 0 && value <= 0xffffffff) this.varint32(value)
    else this.varint64(BigInt.asUintN(64, BigInt(value)))
  }

  fixed32(field: number, value: number): void {
    this.tag(field, WireType.fixed32)
    const at = this.advance(4)
    this.view.setUint32(at, value, true)
  }

  /** Writes an unsigned integer, 0 <= value < 2^64. */
  fixed64(field: number, value: bigint): void {
    this.tag(field, WireType.fixed64)
    const at = this.advance(8)
    this.view.setBigUint64(at, value, true)
  }

  double(field: number, value: number): void {
    this.tag(field, WireType.fixed64)
    const at = this.advance(8)
    this.view.setFloat64(at, value, true)
  }

  bytes(field: number, value: Uint8Array): void {
    this.tag(field, WireType.bytes)
    this.varint32(value.length)
    const at = this.advance(value.length)
    this.buffer.set(value, at)
  }

  string(field: number, value: string): void {
    if (isAscii(value)) {
      this.tag(field, WireType.bytes)
      this.varint32(value.length)
      const at = this.advance(value.length)
      for (let i = 0; i < value.length; i++) this.buffer[at + i] = value.charCodeAt(i)
    } else this.bytes(field, utf8Encoder.encode(value))
  }

  /** Writes a nested message with the fields that `write` writes. */
  message(field: number, write: () => void): void {
    this.tag(field, WireType.bytes)
    const lengthAt = this.advance(1)
    const start = this.position
    write()
    const end = this.position
    const length = end - start
    // The length has one byte so far; a longer length moves the content.
    const more = varintBytes(length) - 1
    this.advance(more)
    this.buffer.copyWithin(start + more, start, end)
    this.position = lengthAt
    this.varint32(length)
    this.position = end + more
  }

  private tag(field: number, wireType: number): void {
    this.varint32(((field << 3) | wireType) >>> 0)
  }

  private varint32(value: number): void {
    let at = this.advance(varintBytes(value))
    let rest = value
    for (; rest > 0x7f; rest >>>= 7) this.buffer[at++] = (rest & 0x7f) | 0x80
    this.buffer[at] = rest
  }

  private varint64(value: bigint): void {
    let rest = value
    for (; rest > 0x7fn; rest >>= 7n) this.byte(Number(rest & 0x7fn) | 0x80)
    this.byte(Number(rest))
  }

  private byte(value: number): void {
    const at = this.advance(1)
    this.buffer[at] = value
  }

  /** Reserves `length` bytes and returns their start. May replace `buffer` and `view`. */
  private advance(length: number): number {
    const at = this.position
    this.position += length
    if (this.position > this.buffer.length) {
      const next = new Uint8Array(Math.max(this.position, this.buffer.length * 2))
      next.set(this.buffer)
      this.buffer = next
      this.view = new DataView(next.buffer)
    }
    return at
  }
}

/** ASCII text needs no encoder, whose call costs more than a short text. */
function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false
  return true
}

/** Number of bytes of an unsigned varint of at most 32 bits. */
function varintBytes(value: number): number {
  let length = 1
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) length++
  return length
}
