import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { ProtobufError, ProtobufReader } from '../../../src/sources/protobuf/protobuf-reader.ts'
import { ProtobufWriter } from '../../../src/sources/protobuf/protobuf-writer.ts'

const word = 2n ** 32n
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })

function written(write: (writer: ProtobufWriter) => void): ProtobufReader {
  const writer = new ProtobufWriter()
  write(writer)
  return new ProtobufReader(writer.finish())
}

const words = ({ hi, lo }: ProtobufReader) => BigInt(hi) * word + BigInt(lo)

t.test('reads back every written value', async () => {
  fc.assert(
    fc.property(uint64, (value) => {
      const reader = written((writer) => {
        writer.varint(1, value)
        writer.fixed64(2, value)
      })
      const end = reader.bytes.length
      assert.equal(reader.tag(end), 0x08)
      reader.varint64(end)
      assert.equal(words(reader), value)
      assert.equal(reader.tag(end), 0x11)
      reader.fixed64(end)
      assert.equal(words(reader), value)
      assert.equal(reader.position, end)
    }),
    { numRuns: 500 },
  )
  fc.assert(
    fc.property(fc.nat(0xffffffff), fc.string({ unit: 'grapheme', maxLength: 300 }), (value, text) => {
      const reader = written((writer) => {
        writer.varint(5, value)
        writer.fixed32(6, value)
        writer.string(7, text)
      })
      const end = reader.bytes.length
      assert.equal(reader.tag(end), 0x28)
      assert.equal(reader.varint32(end), value)
      assert.equal(reader.tag(end), 0x35)
      assert.equal(reader.fixed32(end), value)
      assert.equal(reader.tag(end), 0x3a)
      const to = reader.endOfBytes(end)
      assert.equal(to, end)
      assert.equal(Buffer.from(reader.bytes.subarray(reader.position, to)).toString(), text)
    }),
    { numRuns: 500 },
  )
})

t.test('writes negative numbers in ten bytes, as int32, int64 and enums require', async (t) => {
  const { bytes } = written((writer) => writer.varint(1, -2))
  t.equal(Buffer.from(bytes).toString('hex'), '08feffffffffffffffff01')
})

t.test('writes the bytes of the encoding guide', async (t) => {
  const { bytes } = written((writer) => {
    writer.varint(1, 150)
    writer.string(2, 'testing')
    writer.message(3, () => writer.varint(1, 150))
    writer.double(4, 1.5)
  })
  t.equal(Buffer.from(bytes).toString('hex'), '089601120774657374696e671a0308960121000000000000f83f')
})

t.test('writes the lengths of nested messages of every size', async (t) => {
  for (const size of [0, 1, 126, 127, 128, 129, 16_380, 16_384, 70_000]) {
    const content = new Uint8Array(size).fill(7)
    const reader = written((writer) => {
      writer.message(1, () => writer.message(2, () => writer.bytes(3, content)))
      writer.varint(4, 1)
    })
    const end = reader.bytes.length
    reader.tag(end)
    const outer = reader.endOfBytes(end)
    reader.tag(outer)
    const inner = reader.endOfBytes(outer)
    t.equal(inner, outer)
    reader.tag(inner)
    const to = reader.endOfBytes(inner)
    t.equal(to, inner)
    t.equal(to - reader.position, size)
    t.ok(reader.bytes.subarray(reader.position, to).every((byte) => byte === 7))
    reader.position = outer
    t.equal(reader.tag(end), 0x20)
    t.equal(reader.varint32(end), 1)
    t.equal(reader.position, end)
  }
})

t.test('skips every kind of field and stops at the end', async (t) => {
  const reader = written((writer) => {
    writer.varint(1, 2n ** 63n)
    writer.fixed64(2, 1n)
    writer.fixed32(3, 1)
    writer.string(4, 'text')
  })
  const end = reader.bytes.length
  while (reader.position < end) reader.skip(reader.tag(end), end)
  t.equal(reader.position, end)
})

t.test('rejects values that do not fit', async (t) => {
  const cases: [string, (reader: ProtobufReader, end: number) => void][] = [
    ['ffffffff1f', (reader, end) => reader.varint32(end)],
    ['ffffffffffff', (reader, end) => reader.varint32(end)],
    ['ffffffffffffffffffffff01', (reader, end) => reader.varint64(end)],
    ['80', (reader, end) => reader.varint32(end)],
    ['8080', (reader, end) => reader.varint64(end)],
    ['', (reader, end) => reader.tag(end)],
    ['010203', (reader, end) => reader.fixed32(end)],
    ['01020304050607', (reader, end) => reader.fixed64(end)],
    ['0501020304', (reader, end) => reader.endOfBytes(end)],
    ['ffffffff0f', (reader, end) => reader.endOfBytes(end)],
    ['0200', (reader, end) => reader.skip(reader.tag(end), end)],
    ['0b', (reader, end) => reader.skip(reader.tag(end), end)],
    ['0f', (reader, end) => reader.skip(reader.tag(end), end)],
    ['1d010203', (reader, end) => reader.skip(reader.tag(end), end)],
  ]
  for (const [bytes, read] of cases) {
    // Bytes after `end` are not part of the message: only a check notices a read there.
    const reader = new ProtobufReader(Buffer.from(`${bytes}0101010101010101`, 'hex'))
    t.throws(() => read(reader, bytes.length / 2), ProtobufError, bytes)
  }
})
