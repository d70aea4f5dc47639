import t from 'tap'
import { TtaError } from '../../../src/base/errors.ts'
import { jsonToProtobuf } from '../../../src/sources/otlp/json-to-protobuf.ts'
import { traceRequest } from '../../../src/sources/otlp/message-shape.ts'
import { validateMessage } from '../../../src/sources/otlp/validate.ts'
import { ProtobufReader } from '../../../src/sources/protobuf/protobuf-reader.ts'
import { ProtobufWriter } from '../../../src/sources/protobuf/protobuf-writer.ts'

const everything = {
  resourceSpans: [
    {
      resource: {
        attributes: [{ key: 'a', value: { stringValue: 'ü' } }],
        droppedAttributesCount: 1,
        entityRefs: [{ schemaUrl: 's', type: 't', idKeys: ['i'], descriptionKeys: ['d'] }],
      },
      scopeSpans: [
        {
          scope: { name: 'n', version: 'v', attributes: [{ key: 'b', value: { boolValue: false } }] },
          spans: [
            {
              traceId: '0102030405060708090A0B0C0D0E0F10',
              spanId: '1112131415161718',
              traceState: 'x=y',
              parentSpanId: '',
              name: 'name',
              kind: 3,
              startTimeUnixNano: '1795334809000000001',
              endTimeUnixNano: 1000,
              attributes: [
                { key: 'int', value: { intValue: '-1' } },
                { key: 'double', value: { doubleValue: 'NaN' } },
                { key: 'list', value: { arrayValue: { values: [{ bytesValue: 'AQI=' }] } } },
                { key: 'map', value: { kvlistValue: { values: [{ key: 'k', value: { intValue: 5 } }] } } },
              ],
              droppedAttributesCount: 2,
              events: [{ timeUnixNano: '5', name: 'e', attributes: [], droppedAttributesCount: 3 }],
              links: [{ traceId: '01', spanId: '02', traceState: '', flags: 257 }],
              status: { message: 'm', code: 2 },
              flags: 1,
            },
          ],
          schemaUrl: 'u',
        },
      ],
    },
  ],
}

/** The same request, written field by field with the numbers of opentelemetry-proto. */
function byHand(): Uint8Array {
  const w = new ProtobufWriter()
  const hex = (field: number, digits: string) => w.bytes(field, Buffer.from(digits, 'hex'))
  const keyValue = (field: number, key: string, value: () => void) =>
    w.message(field, () => {
      w.string(1, key)
      w.message(2, value)
    })
  const span = () => {
    hex(1, '0102030405060708090a0b0c0d0e0f10')
    hex(2, '1112131415161718')
    w.string(3, 'x=y')
    w.string(4, '')
    w.string(5, 'name')
    w.varint(6, 3)
    w.fixed64(7, 1795334809000000001n)
    w.fixed64(8, 1000n)
    keyValue(9, 'int', () => w.varint(3, -1))
    keyValue(9, 'double', () => w.double(4, Number.NaN))
    keyValue(9, 'list', () => w.message(5, () => w.message(1, () => hex(7, '0102'))))
    keyValue(9, 'map', () => w.message(6, () => keyValue(1, 'k', () => w.varint(3, 5))))
    w.varint(10, 2)
    w.message(11, () => {
      w.fixed64(1, 5n)
      w.string(2, 'e')
      w.varint(4, 3)
    })
    w.message(13, () => {
      hex(1, '01')
      hex(2, '02')
      w.string(3, '')
      w.fixed32(6, 257)
    })
    w.message(15, () => {
      w.string(2, 'm')
      w.varint(3, 2)
    })
    w.fixed32(16, 1)
  }
  w.message(1, () => {
    w.message(1, () => {
      keyValue(1, 'a', () => w.string(1, 'ü'))
      w.varint(2, 1)
      w.message(3, () => {
        w.string(1, 's')
        w.string(2, 't')
        w.string(3, 'i')
        w.string(4, 'd')
      })
    })
    w.message(2, () => {
      w.message(1, () => {
        w.string(1, 'n')
        w.string(2, 'v')
        keyValue(3, 'b', () => w.varint(2, 0))
      })
      w.message(2, span)
      w.string(3, 'u')
    })
  })
  return w.finish()
}

t.test('encodes every field of OTLP/JSON as its field of protobuf', async (t) => {
  const bytes = jsonToProtobuf(everything)
  t.equal(Buffer.from(bytes).toString('hex'), Buffer.from(byHand()).toString('hex'))
  const reader = new ProtobufReader(bytes)
  validateMessage(reader, bytes.length, traceRequest)
  t.equal(reader.position, bytes.length)
})

t.test('ignores unknown names, snake_case and null', async (t) => {
  t.equal(jsonToProtobuf({}).length, 0)
  t.equal(jsonToProtobuf({ resourceSpans: null, resource_spans: 7, traces: [] }).length, 0)
  t.equal(jsonToProtobuf(JSON.parse('{"__proto__":{"resourceSpans":[{}]}}')).length, 0)
})

const inSpan = (span: object) => ({ resourceSpans: [{ scopeSpans: [{ spans: [{}, span] }] }] })
const spanPath = '$.resourceSpans[0].scopeSpans[0].spans[1]'

t.test('names the path, the value and the rule in an error', async (t) => {
  const value = (of: object) => inSpan({ attributes: [{ key: 'k', value: of }] })
  const valuePath = `${spanPath}.attributes[0].value`
  const cases: [unknown, string, unknown, RegExp][] = [
    [[], '$', '[...]', /object/],
    ['text', '$', 'text', /object/],
    [null, '$', null, /object/],
    [{ resourceSpans: {} }, '$.resourceSpans', '{...}', /array/],
    [{ resourceSpans: [null] }, '$.resourceSpans[0]', null, /object/],
    [inSpan({ traceId: 'xyz' }), `${spanPath}.traceId`, 'xyz', /hex/],
    [inSpan({ spanId: 'abc' }), `${spanPath}.spanId`, 'abc', /hex/],
    [inSpan({ name: 5 }), `${spanPath}.name`, 5, /string/],
    [inSpan({ kind: 'SPAN_KIND_SERVER' }), `${spanPath}.kind`, 'SPAN_KIND_SERVER', /integer.*no enum names/],
    [inSpan({ kind: 1.5 }), `${spanPath}.kind`, 1.5, /integer/],
    [
      inSpan({ startTimeUnixNano: '-1' }),
      `${spanPath}.startTimeUnixNano`,
      '-1',
      /from 0 to 18446744073709551615/,
    ],
    [inSpan({ startTimeUnixNano: '1e9' }), `${spanPath}.startTimeUnixNano`, '1e9', /integer/],
    [inSpan({ endTimeUnixNano: true }), `${spanPath}.endTimeUnixNano`, true, /integer/],
    [inSpan({ flags: 4294967296 }), `${spanPath}.flags`, 4294967296, /to 4294967295/],
    [value({ intValue: '9223372036854775808' }), `${valuePath}.intValue`, '9223372036854775808', /integer/],
    [value({ doubleValue: 'much' }), `${valuePath}.doubleValue`, 'much', /number/],
    [value({ boolValue: 'true' }), `${valuePath}.boolValue`, 'true', /true or false/],
    [value({ bytesValue: '*' }), `${valuePath}.bytesValue`, '*', /base64/],
  ]
  for (const [json, field, shown, message] of cases) {
    t.throws(
      () => jsonToProtobuf(json),
      { code: 'TTA_BAD_REQUEST', errors: [{ field, value: shown, message }] },
      field,
    )
  }
})

t.test('shortens a long value in an error', async (t) => {
  try {
    jsonToProtobuf(inSpan({ traceId: 'z'.repeat(1000) }))
    t.fail('should throw')
  } catch (error) {
    t.equal(error instanceof TtaError && error.errors[0]?.value, `${'z'.repeat(100)}...`)
  }
})
