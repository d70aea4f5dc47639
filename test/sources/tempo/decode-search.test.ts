import fc from 'fast-check'
import t from 'tap'
import { StringTable } from '../../../src/graph/columns/string-table.ts'
import { SpanTable } from '../../../src/graph/spans/span-table.ts'
import { ProtobufError } from '../../../src/sources/protobuf/protobuf-reader.ts'
import { ProtobufWriter } from '../../../src/sources/protobuf/protobuf-writer.ts'
import { SearchDecoder } from '../../../src/sources/tempo/decode/decode-search.ts'

type Attribute = [key: string, value: string]
type Encoding = (writer: ProtobufWriter, attribute: Attribute) => void

const asTempoDoes: Encoding = (writer, [key, value]) => {
  writer.string(1, key)
  writer.message(2, () => writer.string(1, value))
}

/** Other encodings of an attribute, which another version of Tempo, or a proxy, may use. */
const encodings: Record<string, Encoding> = {
  'as Tempo does': asTempoDoes,
  'value before key': (writer, [key, value]) => {
    writer.message(2, () => writer.string(1, value))
    writer.string(1, key)
  },
  'with an unknown field': (writer, attribute) => {
    asTempoDoes(writer, attribute)
    writer.varint(9, 1)
  },
  'with a value that comes twice': (writer, [key, value]) => {
    asTempoDoes(writer, [key, 'none'])
    writer.message(2, () => writer.string(1, value))
  },
  'with a key that comes twice': (writer, attribute) => {
    writer.string(1, 'kind')
    asTempoDoes(writer, attribute)
  },
}

/** A search answer of one trace with one span. */
function answerOf(
  attributes: Attribute[],
  spell = asTempoDoes,
  spanId = '00000000000000aB',
  { setField = 7, durationNs = 5_000_000_000n } = {},
): Uint8Array {
  const writer = new ProtobufWriter()
  writer.message(1, () => {
    writer.string(1, 'c0ffee')
    writer.message(setField, () => {
      writer.message(1, () => {
        writer.string(1, spanId)
        writer.string(2, 'GET /')
        writer.varint(3, 1_700_000_000_000_000_001n)
        writer.varint(4, durationNs)
        for (const attribute of attributes) writer.message(5, () => spell(writer, attribute))
      })
      writer.varint(2, 1)
      writer.message(3, () => spell(writer, ['by(resource.service.name)', 'web']))
    })
  })
  writer.message(2, () => {})
  return writer.finish()
}

function decode(bytes: Uint8Array) {
  const strings = new StringTable()
  const rows: object[] = []
  const decoder = new SearchDecoder(bytes, new SpanTable(strings), undefined, (spans) => {
    for (let row = 0; row < spans.length; row++) {
      rows.push({
        traceId: [...spans.traceId],
        spanId: [spans.spanIdHi[row], spans.spanIdLo[row]],
        parentId: [spans.parentIdHi[row], spans.parentIdLo[row]],
        start: [spans.startHi[row], spans.startLo[row]],
        durationNs: spans.durationNs[row],
        ...(spans.skewed[row] ? { skewed: true } : {}),
        kind: spans.kind[row],
        status: spans.status[row],
        name: strings.text(spans.name[row] ?? 0),
        service: strings.text(spans.service[row] ?? 0),
      })
    }
  })
  decoder.outline()
  decoder.traces()
  return rows
}

const fields: Attribute[] = [
  ['span:parentID', '00000001fedcba98'],
  ['kind', 'client'],
  ['status', 'error'],
]

for (const [how, spell] of Object.entries(encodings)) {
  t.test(`reads the fields of a span, encoded ${how}`, async (t) => {
    t.same(decode(answerOf(fields, spell)), [
      {
        traceId: [0, 0, 0, 0xc0ffee],
        spanId: [0, 0xab],
        parentId: [1, 0xfedcba98],
        start: [Number(1_700_000_000_000_000_001n >> 32n), Number(1_700_000_000_000_000_001n & 0xffffffffn)],
        durationNs: 5e9,
        kind: 3,
        status: 2,
        name: 'GET /',
        service: 'web',
      },
    ])
    for (const [code, kind] of [
      'unspecified',
      'internal',
      'server',
      'client',
      'producer',
      'consumer',
    ].entries())
      t.match(decode(answerOf([['kind', kind]], spell)), [{ kind: code }], kind)
    for (const [code, status] of ['unset', 'ok', 'error'].entries())
      t.match(decode(answerOf([['status', status]], spell)), [{ status: code }], status)
    for (const [key, value] of [
      ['kind', 'klient'],
      ['status', 'errno'],
      ['span:parentID', '00000001fedcba9'],
      ['span:parentID', '00000001fedcba9g'],
    ] as const)
      t.throws(() => decode(answerOf([[key, value]], spell)), ProtobufError, `${key} ${value}`)
  })
}

t.test('does not take an attribute with a similar name for a field', async (t) => {
  const alike: Attribute[] = [
    ['span:parentIX', '00000001fedcba98'],
    ['kin', 'dclient'],
    ['Kind', 'client'],
    ['statuz', 'error'],
  ]
  t.match(decode(answerOf(alike)), [{ parentId: [0, 0], kind: 0, status: 0 }])
})

t.test('reads spanSet if there is no spanSets, as before Tempo 2.3', async (t) => {
  const [row] = decode(answerOf(fields, asTempoDoes, undefined, { setField: 6 }))
  t.same([row], decode(answerOf(fields)))
})

t.test('marks a span that ends before it starts, without a duration', async (t) => {
  const answer = answerOf(fields, asTempoDoes, undefined, { durationNs: 2n ** 64n - 1000n })
  t.match(decode(answer), [{ durationNs: 0, skewed: true }])
})

t.test('rejects a span id that is not 16 hex digits', async (t) => {
  for (const spanId of ['', 'ab', '00000000000000aG', '000000000000 0ab'])
    t.throws(() => decode(answerOf([], asTempoDoes, spanId)), ProtobufError, spanId)
})

t.test('an answer that is cut or altered gives an error or other spans, and never a crash', async (t) => {
  const whole = answerOf(fields)
  for (let end = 1; end < whole.length; end++)
    t.throws(() => decode(whole.subarray(0, end)), ProtobufError, `${end} bytes`)
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 }), (at, byte) => {
      const altered = whole.slice()
      altered[at] = byte
      try {
        decode(altered)
      } catch (error) {
        if (!(error instanceof ProtobufError)) throw error
      }
    }),
    { numRuns: 3000 },
  )
})

/** A varint; `padded` with one more byte than it needs, which is allowed and unusual. */
function varint(value: bigint, padded: boolean): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return padded && bytes.length < 9 ? [...bytes, Number(rest) | 128, 0] : [...bytes, Number(rest)]
}

const lengthDelimited = (field: number, bytes: number[], padded: boolean) => [
  (field << 3) | 2,
  ...varint(BigInt(bytes.length), padded),
  ...bytes,
]

t.test('decodes the same span from every encoding of numbers and lengths', async (t) => {
  const utf8 = new TextEncoder()
  const anySpan = fc.record({
    name: fc.string({ unit: 'binary', maxLength: 200 }),
    startNs: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    durationNs: fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 30n }), fc.bigInt({ min: 0n, max: 2n ** 52n })),
    padded: fc.constantFrom(...['id', 'name', 'start', 'duration', 'attribute', 'none', 'all']),
    order: fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }),
  })
  fc.assert(
    fc.property(anySpan, ({ name, startNs, durationNs, padded, order }) => {
      const isPadded = (part: string) => padded === 'all' || padded === part
      const text = (field: number, value: string, part: string) =>
        lengthDelimited(field, [...utf8.encode(value)], isPadded(part))
      const kind = [...text(1, 'kind', ''), ...lengthDelimited(2, text(1, 'server', ''), false)]
      const fields = [
        text(1, 'fedcba9876543210', 'id'),
        text(2, name, 'name'),
        [0x18, ...varint(startNs, isPadded('start'))],
        [0x20, ...varint(durationNs, isPadded('duration'))],
        lengthDelimited(5, kind, isPadded('attribute')),
      ]
      const span = order.flatMap((at) => fields[at] ?? [])
      const set = lengthDelimited(7, lengthDelimited(1, span, false), false)
      const trace = lengthDelimited(1, [...text(1, 'c0ffee', ''), ...set], false)
      const [row] = decode(Uint8Array.from([...trace, ...lengthDelimited(2, [], false)]))
      t.match(row, {
        spanId: [0xfedcba98, 0x76543210],
        name:
          utf8.encode(name).length === 0
            ? ''
            : new TextDecoder('utf-8', { ignoreBOM: true }).decode(utf8.encode(name)),
        start: [Number(startNs >> 32n), Number(startNs & 0xffffffffn)],
        durationNs: Number(durationNs),
        kind: 2,
      })
      return t.passing()
    }),
    { numRuns: 500 },
  )
})
