import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { StringTable } from '../../../src/graph/columns/string-table.ts'
import { SpanTable } from '../../../src/graph/spans/span-table.ts'
import { jsonToProtobuf } from '../../../src/sources/otlp/json-to-protobuf.ts'
import { traceRequest } from '../../../src/sources/otlp/message-shape.ts'
import { validateMessage } from '../../../src/sources/otlp/validate.ts'
import { ProtobufError, ProtobufReader } from '../../../src/sources/protobuf/protobuf-reader.ts'
import { ProtobufWriter } from '../../../src/sources/protobuf/protobuf-writer.ts'
import type { Attribute } from '../../../src/sources/tag-selector.ts'
import { decodeTraceById, decodeTracesData } from '../../../src/sources/tempo/decode/decode-trace-by-id.ts'
import { type OtlpJson, plainInput, plainRows } from '../../support/otlp/plain-spans.ts'

const recorded = new URL('../../recorded/', import.meta.url)
const input = JSON.parse(readFileSync(new URL('input.otlp.json', recorded), 'utf8')) as OtlpJson
const serviceName: Attribute = { scope: 'resource', key: 'service.name' }

const newTable = () => new SpanTable(new StringTable())

/** A trace with one span that has these fields. */
function oneSpan(span: object, attributes: object[] = []): Uint8Array {
  const spans = [{ traceId: '0000000000000000000000000000000a', spanId: '000000000000000b', ...span }]
  return jsonToProtobuf({ resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans }] }] })
}

function decoded(bytes: Uint8Array, tag: Attribute = serviceName) {
  const table = newTable()
  decodeTracesData(bytes, table, tag)
  return plainRows(table)
}

for (const version of ['tempo-3.0.3', 'tempo-2.10.7']) {
  t.test(`decodes the sent spans from traces recorded from ${version}`, async (t) => {
    const tags: Attribute[] = [serviceName, { scope: 'any', key: 'http.response.status_code' }]
    for (const { name, traceId } of input.traces ?? []) {
      for (const tag of tags) {
        const sent = plainInput(input, tag).filter((span) => span.traceId === traceId)
        t.ok(sent.length > 0)
        const table = newTable()
        const v2 = readFileSync(new URL(`${version}/trace-v2-${name}.pb`, recorded))
        t.same(decodeTraceById(v2, table, tag), { partial: false, message: '' })
        t.same(plainRows(table), sent, `${name} v2`)
        decodeTracesData(readFileSync(new URL(`${version}/trace-v1-${name}.pb`, recorded)), table, tag)
        t.same(plainRows(table), sent, `${name} v1: the table is cleared first`)
      }
    }
  })
}

t.test('finds service.name at every position, also as the tag', async (t) => {
  const attributes = [
    { key: 'service.namespace', value: { stringValue: 'wrong' } },
    { key: 'service.nam', value: { stringValue: 'wrong' } },
    { key: 'service.name', value: { stringValue: 'right' } },
    { key: 'service.name2', value: { stringValue: 'wrong' } },
  ]
  const [span] = decoded(oneSpan({}, attributes))
  t.match(span, { service: 'right', tag: 'right' })
})

t.test('accepts a resource after its spans, and a value before its key', async (t) => {
  const writer = new ProtobufWriter()
  writer.message(1, () => {
    writer.message(2, () =>
      writer.message(2, () => {
        writer.message(9, () => {
          writer.message(2, () => writer.string(1, 'blue'))
          writer.string(1, 'colour')
        })
        writer.bytes(2, Buffer.from('000000000000000b', 'hex'))
        writer.bytes(1, Buffer.from('0000000000000000000000000000000a', 'hex'))
      }),
    )
    writer.message(1, () =>
      writer.message(1, () => {
        writer.message(2, () => writer.string(1, 'late'))
        writer.string(1, 'service.name')
      }),
    )
  })
  t.match(decoded(writer.finish(), { scope: 'span', key: 'colour' }), [{ service: 'late', tag: 'blue' }])
})

t.test('does not use the service of another resource', async (t) => {
  const span = (spanId: string) => ({ spans: [{ traceId: '0000000000000000000000000000000a', spanId }] })
  const rows = decoded(
    jsonToProtobuf({
      resourceSpans: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'a' } }] },
          scopeSpans: [span('0000000000000001')],
        },
        { scopeSpans: [span('0000000000000002')] },
      ],
    }),
  )
  t.same(
    rows.map(({ service, tag }) => [service, tag]),
    [
      ['a', 'a'],
      ['', ''],
    ],
  )
})

t.test('reads the tag by its scope', async (t) => {
  const on = (value: string) => [{ key: 'x', value: { stringValue: value } }]
  const tagOf = (scope: Attribute['scope'], span: object[], resource: object[]) =>
    decoded(oneSpan({ attributes: span }, resource), { scope, key: 'x' })[0]?.tag
  t.equal(tagOf('any', on('span'), on('resource')), 'span')
  t.equal(tagOf('any', [], on('resource')), 'resource')
  t.equal(tagOf('any', on(''), on('resource')), 'resource', 'an empty value counts as absent')
  t.equal(tagOf('span', on('span'), on('resource')), 'span')
  t.equal(tagOf('span', [], on('resource')), '')
  t.equal(tagOf('resource', on('span'), on('resource')), 'resource')
  t.equal(tagOf('resource', on('span'), []), '')
})

t.test('converts values of every type to text, or leaves them out', async (t) => {
  const cases: [object, string][] = [
    [{ stringValue: '日本 🚀' }, '日本 🚀'],
    [{ boolValue: true }, 'true'],
    [{ boolValue: false }, 'false'],
    [{ intValue: 0 }, '0'],
    [{ intValue: '200' }, '200'],
    [{ intValue: '-7' }, '-7'],
    [{ intValue: '9223372036854775807' }, '9223372036854775807'],
    [{ intValue: '-9223372036854775808' }, '-9223372036854775808'],
    [{ doubleValue: 0.25 }, '0.25'],
    [{ doubleValue: -3 }, '-3'],
    [{ arrayValue: { values: [{ stringValue: 'a' }] } }, ''],
    [{ kvlistValue: { values: [{ key: 'a', value: { stringValue: 'b' } }] } }, ''],
    [{ bytesValue: 'AAEC' }, ''],
    [{}, ''],
  ]
  for (const [value, text] of cases) {
    const [span] = decoded(oneSpan({ attributes: [{ key: 'x', value }] }), { scope: 'any', key: 'x' })
    t.equal(span?.tag, text, JSON.stringify(value))
  }
})

t.test('reads durations exact to the ns, and 0 for a clock that ran backwards', async (t) => {
  const times = (startTimeUnixNano: string, endTimeUnixNano: string) =>
    decoded(oneSpan({ startTimeUnixNano, endTimeUnixNano }))[0]
  t.match(times('1795334809000000001', '1795334809000000002'), { durationNs: 1, skewed: 0 })
  t.match(times('1795334809000000000', '1795334812600000123'), { durationNs: 3_600_000_123, skewed: 0 })
  t.match(times('1795334809000000002', '1795334809000000001'), { durationNs: 0, skewed: 1 })
  t.match(times('4294967295', '4294967296'), { durationNs: 1, skewed: 0 }, 'across the words')
})

t.test('counts unknown kinds and codes as unspecified', async (t) => {
  t.match(decoded(oneSpan({ kind: 6, status: { code: 3 } })), [{ kind: 0, status: 0 }])
  t.match(decoded(oneSpan({ kind: -1, status: { code: -1 } })), [{ kind: 0, status: 0 }])
  t.match(decoded(oneSpan({ kind: 5, status: { code: 2 } })), [{ kind: 5, status: 2 }])
})

t.test('pads short ids on the left, and rejects long ids', async (t) => {
  const [span] = decoded(oneSpan({ traceId: 'abcdef0123', spanId: '0102', parentSpanId: '0102030405' }))
  t.equal(span?.traceId, '0000000000000000000000abcdef0123')
  t.equal(span?.spanId, '0000000000000102')
  t.equal(span?.parentId, '0000000102030405')
  t.throws(() => decoded(oneSpan({ traceId: '00'.repeat(17) })), ProtobufError)
  t.throws(() => decoded(oneSpan({ spanId: '00'.repeat(9) })), ProtobufError)
  t.throws(() => decoded(oneSpan({ parentSpanId: '00'.repeat(9) })), ProtobufError)
})

t.test('gives no spans for a missing trace, and returns PARTIAL with its message', async (t) => {
  const table = newTable()
  t.same(decodeTraceById(Buffer.from('0a001200', 'hex'), table, serviceName), { partial: false, message: '' })
  t.equal(table.length, 0)
  const writer = new ProtobufWriter()
  writer.bytes(1, oneSpan({ name: 'kept' }))
  writer.varint(3, 1)
  writer.string(4, 'Trace exceeds maximum size')
  const status = decodeTraceById(writer.finish(), table, serviceName)
  t.same(status, { partial: true, message: 'Trace exceeds maximum size' })
  t.match(plainRows(table), [{ name: 'kept' }])
  const pruned =
    'Trace was already pruned before it reached Tempo; this is the complete trace Tempo has stored'
  for (const [message, partial] of [
    [pruned, false],
    [`Trace exceeds maximum size; ${pruned}`, true],
  ] as const) {
    const answer = new ProtobufWriter()
    answer.varint(3, 1)
    answer.string(4, message)
    t.equal(decodeTraceById(answer.finish(), table, serviceName).partial, partial, message)
  }
})

t.test('rejects spans of several traces and other messages', async (t) => {
  t.throws(() => decoded(jsonToProtobuf(input)), /more than one trace/)
  for (const text of ['<html><body>502</body></html>', '{"trace":{}}', 'upstream connect error']) {
    t.throws(() => decodeTraceById(Buffer.from(text), newTable(), serviceName), ProtobufError, text)
    t.throws(() => decoded(Buffer.from(text)), ProtobufError, text)
  }
  const startAsVarint = new ProtobufWriter()
  startAsVarint.message(1, () =>
    startAsVarint.message(2, () => startAsVarint.message(2, () => startAsVarint.varint(7, 1))),
  )
  t.throws(() => decoded(startAsVarint.finish()), /field 7 has wire type 0/)
})

/** Mulberry32: the same numbers on every run. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** A copy with a few changed bytes; some copies are cut short. */
function mutated(original: Buffer, next: (below: number) => number): Buffer {
  const length = next(4) === 0 ? next(original.length) : original.length
  // The bytes around the message are those of another trace: a read out of bounds would show.
  const bytes = Buffer.alloc(length + 64, 0x7f).subarray(32, 32 + length)
  original.copy(bytes, 0, 0, length)
  for (let change = 1 + next(6); change > 0 && length > 0; change--) bytes[next(length)] = next(256)
  return bytes
}

/** Returns the message of a ProtobufError, or undefined. Throws any other error. */
function failure(decode: () => void): string | undefined {
  try {
    decode()
    return undefined
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error
    return error.message
  }
}

/** A field of a message: tag, and value without length. */
type Field = [tag: number, value: Uint8Array]

function fieldsOf(bytes: Uint8Array): Field[] {
  const reader = new ProtobufReader(bytes)
  const fields: Field[] = []
  while (reader.position < bytes.length) {
    const tag = reader.tag(bytes.length)
    const isBytes = (tag & 7) === 2
    const end = isBytes ? reader.endOfBytes(bytes.length) : 0
    const start = reader.position
    if (isBytes) reader.position = end
    else reader.skip(tag, bytes.length)
    fields.push([tag, bytes.subarray(start, reader.position)])
  }
  return fields
}

/** @param varint encodes tags and lengths */
function messageOf(fields: Field[], varint: (value: number) => number[]): Uint8Array {
  return Buffer.concat(
    fields.flatMap(([tag, value]) => [
      Uint8Array.from([...varint(tag), ...((tag & 7) === 2 ? varint(value.length) : [])]),
      value,
    ]),
  )
}

const usual = (value: number) => (value < 128 ? [value] : [(value & 127) | 128, value >> 7])
/** Encodes a varint in three bytes, which protobuf allows for any value. */
const overlong = (value: number) => [(value & 127) | 128, ((value >> 7) & 127) | 128, value >> 14]

t.test('decodes the same span from every order and length of its fields', async (t) => {
  const next = randomNumbers(20_261_128)
  for (const name of readdirSync(new URL('tempo-3.0.3', recorded)).filter((file) =>
    /^trace-v1.*pb$/.test(file),
  )) {
    const bytes = readFileSync(new URL(`tempo-3.0.3/${name}`, recorded))
    for (const varint of [usual, overlong]) {
      const rewritten = (message: Uint8Array, depth: number): Uint8Array => {
        const fields = fieldsOf(message)
        if (depth === 3)
          return messageOf(
            fields.sort(() => next(3) - 1),
            varint,
          )
        const down = depth === 0 ? 0x0a : 0x12
        return messageOf(
          fields.map(([tag, value]) => [tag, tag === down ? rewritten(value, depth + 1) : value]),
          overlong,
        )
      }
      t.same(decoded(rewritten(bytes, 0)), decoded(bytes), name)
    }
  }
})

t.test('rejects a message that is cut short, except between two of its fields', async (t) => {
  const whole = readFileSync(new URL('tempo-3.0.3/trace-v1-http-happy-path.pb', recorded))
  const spansOfWhole = decoded(whole).map((span) => JSON.stringify(span))
  let clean = 0
  for (let length = 0; length < whole.length; length++) {
    const table = newTable()
    if (failure(() => decodeTracesData(whole.subarray(0, length), table, serviceName)) !== undefined) continue
    clean++
    t.ok(plainRows(table).every((span) => spansOfWhole.includes(JSON.stringify(span))))
  }
  const resources = input.resourceSpans.filter(({ scopeSpans }) =>
    scopeSpans[0]?.spans.some((span) => span.traceId === input.traces?.[0]?.traceId),
  )
  t.equal(clean, resources.length, 'only before each of the top-level fields')
})

t.test('decodes mutated messages within bounds, or rejects them as the check does', async (t) => {
  const next = randomNumbers(20_260_801)
  const files = readdirSync(new URL('tempo-3.0.3', recorded)).filter((name) => name.startsWith('trace-v1'))
  const originals = files.map((name) => readFileSync(new URL(`tempo-3.0.3/${name}`, recorded)))
  let threw = 0
  const wrong: string[] = []
  for (let run = 0; run < 4000; run++) {
    const bytes = mutated(originals[run % originals.length] ?? Buffer.alloc(0), next)
    const { length } = bytes
    const reader = new ProtobufReader(bytes)
    const checked = failure(() => validateMessage(reader, length, traceRequest))
    if (checked === undefined && reader.position !== length) wrong.push(`run ${run}: check ended elsewhere`)
    const table = newTable()
    for (const tag of [serviceName, { scope: 'any', key: 'http.request.method' } as const]) {
      const failed = failure(() => decodeTracesData(bytes, table, tag))
      if (failed !== undefined) threw++
      if (checked === undefined && failed !== undefined && !/more than one trace|longer than/.test(failed)) {
        wrong.push(`run ${run}: passed the check, but ${failed}`)
      }
    }
    if (table.length > length) wrong.push(`run ${run}: more spans than bytes`)
  }
  t.same(wrong, [])
  t.ok(threw > 1000, `${threw} of 8000 threw`)
})

t.test('rejects messages that are nested too deep', async (t) => {
  let value: object = { stringValue: 'deep' }
  for (let depth = 0; depth < 60; depth++) value = { arrayValue: { values: [value] } }
  const writer = new ProtobufWriter()
  const nest = (depth: number): void => {
    if (depth > 0) writer.message(5, () => writer.message(1, () => nest(depth - 1)))
  }
  writer.message(1, () =>
    writer.message(1, () => writer.message(1, () => writer.message(2, () => nest(1000)))),
  )
  const bytes = writer.finish()
  t.throws(() => validateMessage(new ProtobufReader(bytes), bytes.length, traceRequest), /deeper than 100/)
  t.throws(() => oneSpan({ attributes: [{ key: 'x', value }] }), /deeper than 100/)
})
