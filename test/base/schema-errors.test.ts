import { Ajv, type AnySchema } from 'ajv'
import t from 'tap'
import { closest, fieldErrors } from '../../src/base/schema-errors.ts'
import { AggregationParameters } from '../../src/model/parameters.ts'

function complaints(schema: AnySchema, data: unknown, verbose = true) {
  const validate = new Ajv({ allErrors: true, verbose }).compile(schema)
  return validate(data) ? [] : fieldErrors(validate.errors ?? [], 'body', data)
}

t.test('describes every error of parameters in plain English', async (t) => {
  const cases: [name: string, body: unknown, field: string, message: string | RegExp, value?: unknown][] = [
    [
      'unknown key',
      { fliter: 'x' },
      'fliter',
      /^is not a known key; did you mean filter\? \(known: graph, tag, filter/,
    ],
    ['pattern', { graph: 'a/b' }, 'graph', /^must match \^\[a-z0-9_-\]\{1,64\}\$ \(Name of the graph/, 'a/b'],
    ['type', { tag: 5 }, 'tag', 'must be a string', 5],
    ['too short', { tag: '' }, 'tag', 'must have at least 1 character', ''],
    ['too long', { filter: 'x'.repeat(300) }, 'filter', 'must have at most 256 characters', 'x'.repeat(300)],
    ['below', { traceThresholdMs: -1 }, 'traceThresholdMs', 'must be at least 0', -1],
    ['not above', { searchFrom: 0 }, 'searchFrom', 'must be above 0', 0],
    ['out of range', { limit: 0 }, 'limit', 'must be from 1 to 10000000', 0],
    ['no integer', { limit: 1.5 }, 'limit', 'must be an integer from 1 to 10000000', 1.5],
    [
      'one of',
      { searchMode: 'some' },
      'searchMode',
      'must be one of "all", "blocks", "ingesters", "ingester"',
      'some',
    ],
    [
      'one of, wrong type',
      { searchMode: 5 },
      'searchMode',
      'must be one of "all", "blocks", "ingesters", "ingester"',
      5,
    ],
    ['no such level', { level: 'trace' }, 'level', 'must be one of "operation", "service", "both"', 'trace'],
    ['union of types', { from: true }, 'from', 'must be a number or a string', true],
    ['branch of a union', { from: '' }, 'from', 'must have at least 1 character', ''],
    ['the whole', [], 'body', 'must be an object', []],
    ['null', null, 'body', 'must be an object', null],
  ]
  for (const [name, body, field, message, value] of cases) {
    const found = complaints(AggregationParameters, body)
    t.equal(found.length, 1, `${name}: one complaint`)
    t.match(found[0], { field, message }, name)
    t.same(found[0]?.value, value, `${name}: the value`)
  }
  t.equal(complaints(AggregationParameters, { a: 1, tag: 5, limit: 0 }).length, 3, 'all of them')
  t.same(complaints(AggregationParameters, {}), [])
})

t.test('writes paths as a person would', async (t) => {
  const row = {
    type: 'object',
    required: ['id'],
    properties: { id: { type: 'string' }, 'a/b~c': { type: 'string' } },
  }
  const schema = { type: 'object', properties: { nodes: { type: 'array', items: row } } }
  t.match(complaints(schema, { nodes: [{ id: 'a' }, {}] }), [{ field: 'nodes[1].id', message: 'is missing' }])
  t.match(complaints(schema, { nodes: [{ id: 5 }] }), [{ field: 'nodes[0].id', value: 5 }])
  t.match(complaints(schema, { nodes: [{ id: '', 'a/b~c': 5 }] }), [{ field: 'nodes[0].a/b~c', value: 5 }])
  t.match(complaints({ type: 'array', items: row }, [5]), [{ field: 'body[0]', value: 5 }])
  t.match(complaints(row, {}), [{ field: 'id', message: 'is missing' }])
})

t.test('omits the value of an unknown, missing or misnamed key, which may be a secret', async (t) => {
  const schema = {
    type: 'object',
    additionalProperties: { type: 'string' },
    propertyNames: { pattern: '^[a-z]+$', description: 'small letters' },
  }
  t.same(complaints(schema, { 'A b': 'geheim' }), [
    { field: 'A b', message: 'must have a name that matches ^[a-z]+$ (small letters)' },
  ])
  t.notOk('value' in (complaints(AggregationParameters, { token: 'geheim' })[0] ?? {}))
})

t.test('says less without the verbose option of Ajv', async (t) => {
  t.match(complaints(AggregationParameters, { fliter: 'x' }, false), [
    { field: 'fliter', message: 'is not a known key' },
  ])
  t.match(complaints(AggregationParameters, { limit: 0 }, false), [
    { field: 'limit', message: 'must be >= 1' },
  ])
  t.match(complaints(AggregationParameters, { graph: 'A' }, false), [
    { message: 'must match ^[a-z0-9_-]{1,64}$' },
  ])
})

t.test('finds the known name closest to a typing error', async (t) => {
  const known = ['filter', 'limit', 'level', 'trace_threshold_ms']
  t.equal(closest('fliter', known), 'filter')
  t.equal(closest('trace_treshold', known), 'trace_threshold_ms')
  t.equal(closest('limits', known), 'limit')
  t.equal(closest('password', known), undefined)
  t.equal(closest('', known), undefined)
  t.equal(closest('x'.repeat(100_000), known), undefined, 'in bounded time')
})
