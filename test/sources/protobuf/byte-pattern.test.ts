import fc from 'fast-check'
import t from 'tap'
import { BytePattern } from '../../../src/sources/protobuf/byte-pattern.ts'

const bytesOf = fc.uint8Array({ maxLength: 14, max: 3 })

t.test('matches exactly its bytes, whatever their number and their neighbours', async () => {
  fc.assert(
    fc.property(bytesOf, bytesOf, bytesOf, bytesOf, (text, before, there, after) => {
      const message = Uint8Array.from([9, ...before, ...there, ...after])
      // A view into a larger buffer, as of a buffer from a pool.
      const view = new DataView(message.buffer, 1, message.length - 1)
      const known = new BytePattern(text)
      const isSame = text.length === there.length && text.every((byte, at) => byte === there[at])
      return known.is(view, before.length, before.length + there.length) === isSame
    }),
    { numRuns: 3000 },
  )
})

t.test('keeps a copy of the bytes of the pattern', async (t) => {
  const bytes = Uint8Array.of(1, 2, 3, 4, 5)
  const known = new BytePattern(bytes.subarray(1))
  bytes.fill(0)
  const view = new DataView(Uint8Array.of(2, 3, 4, 5).buffer)
  t.equal(known.length, 4)
  t.ok(known.startsAt(view, 0))
})
