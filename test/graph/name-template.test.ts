import fc from 'fast-check'
import t from 'tap'
import { StringTable } from '../../src/graph/columns/string-table.ts'
import { GraphBuilder } from '../../src/graph/graph-builder.ts'
import { nameTemplate } from '../../src/graph/spans/name-template.ts'
import { withoutExemplars } from '../support/graph/test-graphs.ts'
import { spanTable } from '../support/graph/test-spans.ts'
import { holds } from '../support/property.ts'

t.test('replaces numbers, ids, addresses and dates', async (t) => {
  for (const [name, template] of [
    ['GET /items/4711', 'GET /items/*'],
    ['GET /items/4711/parts/12', 'GET /items/*/parts/*'],
    ['user 123e4567-e89b-12d3-a456-426614174000', 'user *'],
    ['GET /c/123E4567-E89B-12D3-A456-426614174000.json', 'GET /c/*.json'],
    ['mail joe.doe+x@mail.example.com', 'mail *'],
    ['report 2024-05-01', 'report *'],
    ['report 2024-05-01T12:30:00.5Z done', 'report * done'],
    ['report 2024-05-01 12:30:00', 'report * *'],
    ['commit 1a2b3c4', 'commit *'],
    ['load deadbeefcafe', 'load *'],
    ['load 0x1f', 'load *'],
    ['call 10.0.0.7:8080', 'call *'],
    ['worker_3', 'worker_*'],
    ['job-17-of-20', 'job-*-of-*'],
    ['GET /t/01ARZ3NDEKTSV4RRFFQ69G5FAV', 'GET /t/*'],
    ['session eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0', 'session *.*'],
    ['file V1StGXR8_Z5jdHi6B-myT', 'file *'],
    ['pod cart-7d9f8b6c5', 'pod cart-*'],
  ] as const) {
    t.equal(nameTemplate(name), template, name)
  }
})

t.test('keeps words, versions and names of code', async (t) => {
  for (const name of [
    'GET /api/v2/users',
    'flagd.evaluation.v1.Service/EventStream',
    'convertBase64ToUtf8String',
    'AbstractSingletonProxyFactoryBeanImplementation',
    'facade',
    'S3.GetObject',
    'get_customer_orders_by_region_and_time_v2',
    'HTTP 4xx',
    'größe',
    'GET /items/*',
    'SELECT * FROM items',
    '',
    '  ',
  ]) {
    t.equal(nameTemplate(name), name)
  }
})

t.test('a template is its own template', async () => {
  const part = fc.oneof(
    fc.string(),
    fc.constantFrom('/', '-', '_', ' ', '*', '@', '.', ':', 'GET ', 'x2', '4711', 'a1b2c3'),
    fc.uuid(),
    fc.emailAddress(),
    fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    fc.base64String({ minLength: 20 }),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      const template = nameTemplate(parts.join(''))
      return nameTemplate(template) === template
    }),
  )
})

/** A builder with a trace of one span for each name, as a decoder reads it. */
function builderOf(names: string[]): GraphBuilder {
  const strings = new StringTable(1000, nameTemplate)
  const builder = new GraphBuilder({ strings, slowThresholdMs: 40 })
  for (const name of names) {
    const spans = spanTable(strings, 1, [{ id: 1, service: 'web', name: '' }])
    const bytes = new TextEncoder().encode(name)
    spans.name[0] = strings.internName(bytes, 0, bytes.length)
    builder.add(spans)
  }
  return builder
}

t.test('the graph of templates does not depend on the order of names, nor on slices', async (t) => {
  const name = fc.oneof(
    fc
      .constantFrom('GET /items/', 'POST /', 'job ')
      .chain((prefix) => fc.nat(20).map((id) => `${prefix}${id}`)),
    fc.constantFrom('', ' ', 'GET /items/*', 'web'),
  )
  const sameBytes = fc.property(fc.array(name, { maxLength: 20 }), fc.nat(20), (names, cut) => {
    const bytes = (builder: GraphBuilder) => JSON.stringify(withoutExemplars(builder.finish()))
    const merged = builderOf(names.slice(cut))
    merged.merge(builderOf(names.slice(0, cut)))
    const whole = bytes(builderOf(names))
    const titles = builderOf(names)
      .finish()
      .nodes.map(({ operation }) => operation)
    return (
      whole === bytes(builderOf(names.toReversed())) &&
      whole === bytes(merged) &&
      titles.join() === [...new Set(names.map(nameTemplate))].sort().join()
    )
  })
  holds(t, sameBytes, 300)
})
