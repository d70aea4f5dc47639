import t from 'tap'
import { StringTable } from '../../../src/graph/columns/string-table.ts'
import { SpanTable } from '../../../src/graph/spans/span-table.ts'
import { jsonToProtobuf } from '../../../src/sources/otlp/json-to-protobuf.ts'
import type { SpanProjection } from '../../../src/sources/otlp/span-projection.ts'
import { decodeTracesData } from '../../../src/sources/tempo/decode/decode-trace-by-id.ts'

type Value = string | number | boolean | number[]

function anyValue(value: Value): object {
  if (Array.isArray(value)) return { arrayValue: { values: value.map((item) => anyValue(item)) } }
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  return Number.isInteger(value)
    ? { intValue: String(value) }
    : { doubleValue: Number.isNaN(value) ? 'NaN' : value }
}

const keyValues = (attributes: Record<string, Value>) =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }))

interface Sent {
  traceState?: string
  attributes?: Record<string, Value>
  resource?: Record<string, Value>
  wants?: SpanProjection
}

/** The table of one span of 1 s, between two plain spans. */
function tableOf({ traceState, attributes = {}, resource = {}, wants }: Sent): SpanTable {
  const plain = { traceId: '0000000000000000000000000000000a', endTimeUnixNano: '1000000000' }
  const spans = [
    { ...plain, spanId: '0000000000000001' },
    { ...plain, spanId: '0000000000000002', traceState, attributes: keyValues(attributes) },
  ]
  const json = {
    resourceSpans: [
      { resource: { attributes: keyValues(resource) }, scopeSpans: [{ spans }] },
      { scopeSpans: [{ spans: [{ ...plain, spanId: '0000000000000003' }] }] },
    ],
  }
  const table = new SpanTable(new StringTable())
  decodeTracesData(jsonToProtobuf(json), table, { scope: 'resource', key: 'service.name' }, wants)
  return table
}

/** The calls that the span represents; `bad` for an invalid value, '' for none. */
function weightOf(sent: Sent): number | string {
  const { weights } = tableOf(sent)
  if (!weights) return ''
  if (weights.invalid[1] === 1) return 'bad'
  return 1 + (weights.unrecorded[1] ?? 0) / 1e6
}

t.test('reads the adjusted count from the threshold in tracestate', async (t) => {
  const cases: [string, number | string][] = [
    ['ot=th:8', 2],
    ['ot=th:c', 4],
    ['ot=th:fd70a4', 100.000095],
    ['ot=th:0', ''],
    ['ot=th:ffffffffffffff', 2 ** 56],
    ['ot=rv:6e6d1a75832a2f;th:c', 4],
    ['vendor=a, ot=th:8 ,other=ot', 2],
    ['ot=rv:6e6d1a75832a2f', ''],
    ['vendor=th:8', ''],
    ['', ''],
    ['ot=th:', 'bad'],
    ['ot=th:8G', 'bad'],
    ['ot=th:C', 'bad'],
    ['ot=th:0000000000000008', 'bad'],
  ]
  for (const [traceState, expected] of cases) t.equal(weightOf({ traceState }), expected, traceState)
  const { weights } = tableOf({ traceState: 'ot=th:8' })
  t.same(
    [0, 1, 2].map((row) => weights?.countsOnce(row)),
    [true, false, true],
    'of that span alone',
  )
})

t.test('reads the adjusted count from a configured attribute: the share kept, or its inverse', async (t) => {
  const wants = { sampling: { scope: 'any', key: 'ratio' } } as const
  const cases: [Value, number | string][] = [
    [0.1, 10],
    [1, ''],
    [0.3, 3.333333],
    [20, 20],
    [2.5, 2.5],
    [0, 'bad'],
    [-0.5, 'bad'],
    [Number.NaN, 'bad'],
    ['0.1', 'bad'],
    [2 ** 57, 'bad'],
  ]
  for (const [ratio, expected] of cases) {
    t.equal(weightOf({ attributes: { ratio }, wants }), expected, `${ratio} on the span`)
    t.equal(weightOf({ resource: { ratio }, wants }), expected, `${ratio} on the resource`)
  }
  t.equal(weightOf({ attributes: { ratio: 0.5 }, resource: { ratio: 0.1 }, wants }), 2, 'the span goes first')
  t.equal(
    weightOf({ traceState: 'ot=th:c', attributes: { ratio: 0.5 }, wants }),
    4,
    'the tracestate before it',
  )
  t.equal(weightOf({ attributes: { ratio: 0.5 } }), '', 'without the configured attribute')
  const onSpan = { sampling: { scope: 'span', key: 'ratio' } } as const
  const onResource = { sampling: { scope: 'resource', key: 'ratio' } } as const
  t.equal(weightOf({ resource: { ratio: 0.5 }, wants: onSpan }), '')
  t.equal(weightOf({ attributes: { ratio: 0.5 }, wants: onResource }), '')
})

const summary = { 'aggregation.is_summary': true, 'aggregation.span_count': 5 }
const range = { 'aggregation.duration_min_ns': 5e6, 'aggregation.duration_max_ns': 150e6 }

/** Calls, their total duration, and the number of calls by duration, ms. */
function summaryOf(attributes: Record<string, Value>) {
  const { weights } = tableOf({ attributes })
  if (!weights) return undefined
  const start = weights.durations.start(1)
  const values = [...weights.durations.values.slice(start, start + weights.durations.length(1))]
  const durations = []
  for (let at = 0; at < values.length; at += 2)
    durations.push(`${values[at + 1]} x ${(values[at] ?? 0) / 1e6}`)
  return [weights.calls[1], (weights.totalNs[1] ?? 0) / 1e6, durations.join(', ')]
}

t.test('a summary represents the pruned spans', async (t) => {
  t.test('with durations from its histogram', async (t) => {
    const histogram = {
      'aggregation.duration_total_ns': 270e6,
      'aggregation.histogram_bucket_bounds_s': [0.01, 0.05, 0.1],
      'aggregation.histogram_bucket_counts': [1, 3, 4, 5],
    }
    t.same(summaryOf({ ...summary, ...range, ...histogram }), [5, 270, '1 x 5, 2 x 30, 1 x 75, 1 x 150'])
    const wrong = { 'aggregation.histogram_bucket_counts': [1, 3, 4, 4] }
    t.same(
      summaryOf({ ...summary, ...range, ...histogram, ...wrong }),
      [5, 270, '1 x 5, 3 x 38.333333, 1 x 150'],
      'not where it does not add up',
    )
  })

  t.test('without a histogram, with durations from minimum, maximum and total', async (t) => {
    t.same(summaryOf({ ...summary, ...range, 'aggregation.duration_total_ns': 275e6 }), [
      5,
      275,
      '1 x 5, 3 x 40, 1 x 150',
    ])
    t.same(summaryOf({ ...summary, ...range, 'aggregation.duration_avg_ns': 55e6 }), [
      5,
      275,
      '1 x 5, 3 x 40, 1 x 150',
    ])
    t.same(summaryOf({ ...summary, 'aggregation.duration_total_ns': 275e6 }), [5, 275, '5 x 55'])
    t.same(summaryOf(summary), [5, 1000, '5 x 200'], 'or its own duration, where nothing does')
    t.same(summaryOf({ ...summary, ...range, 'aggregation.duration_total_ns': 9e12 })?.[1], 605)
  })

  t.test('a summary without a count is a plain span, and is reported', async (t) => {
    for (const count of [0, -1, 2.5, 2 ** 40, 'many']) {
      const { weights } = tableOf({ attributes: { ...summary, 'aggregation.span_count': count } })
      t.match(weights, { invalid: { 1: 1 }, calls: { 1: 1 } }, `span_count ${count}`)
    }
    t.equal(summaryOf({ ...summary, 'aggregation.is_summary': false }), undefined)
    t.equal(summaryOf({ 'aggregation.span_count': 5 }), undefined, 'an ordinary span has no count')
  })
})
