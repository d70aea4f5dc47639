import t from 'tap'
import { StringTable } from '../../../src/graph/columns/string-table.ts'
import { GraphBuilder } from '../../../src/graph/graph-builder.ts'
import { parseFailureRule } from '../../../src/model/failure-rules.ts'
import { tagSelector } from '../../../src/sources/tag-selector.ts'
import { bulkQuery, traceMatch } from '../../../src/sources/tempo/traceql.ts'
import { newSource } from '../../support/tempo/read-window.ts'
import { fragmentOf, type StoredSpan } from '../../support/tempo/stored-trace.ts'
import { startTempo } from '../../support/tempo/tempo-stand-in.ts'

const epochMs = 1_700_000_000_000
const selector = tagSelector('service.name', '')
const codes = [
  'http.response.status_code',
  'http.status_code',
  'rpc.response.status_code',
  'rpc.grpc.status_code',
]
const error = 2

/** Each span with a status and an attribute, and whether its call failed by the rules of the next test. */
const calls: [status: number, key: string, value: string | number, failed: boolean][] = [
  [0, 'http.response.status_code', 503, true],
  [0, 'http.status_code', 500, true],
  [0, 'http.status_code', '599', true],
  [0, 'http.status_code', 499, false],
  [error, 'http.response.status_code', 404, false],
  [error, 'http.response.status_code', 400, true],
  [0, 'rpc.grpc.status_code', 14, true],
  [0, 'rpc.response.status_code', 'UNAVAILABLE', true],
  [error, 'rpc.grpc.status_code', 1, false],
  [error, 'rpc.response.status_code', 'CANCELLED', false],
  [0, 'rpc.response.status_code', 'odd', false],
  [error, 'other', 404, true],
  [0, 'error', 'true', false],
]
const rules = ['http 500-599', 'grpc 14', 'not http 404', 'not grpc 1'].map(parseFailureRule)

const spans: StoredSpan[] = fragmentOf(
  1,
  epochMs,
  calls.map(([status, key, value], at) => ({
    id: at + 1,
    name: String(at),
    status,
    atMs: at,
    attributes: { [key]: value },
  })),
)

for (const refused of [false, true]) {
  t.test(`decides by codes ${refused ? 'in traces by id' : 'in searches'}`, async (t) => {
    const unknown = refused ? ['by'] : []
    const tempo = await startTempo({ fragments: [spans], unknown })
    const source = newSource({ url: tempo.url })
    t.teardown(() => Promise.all([source.close(), tempo.close()]))
    const builder = new GraphBuilder({ strings: new StringTable(), slowThresholdMs: 40 })
    const window = { fromMs: epochMs, toMs: epochMs + 60_000 }
    const query = { selector, window, limit: 10, failures: rules }
    await source.read(query, builder, { signal: new AbortController().signal })
    const { nodes } = builder.finish()
    t.same(
      calls.map((_, at) => nodes.find(({ operation }) => operation === String(at))?.failed),
      calls.map(([, , , failed]) => (failed ? 1 : 0)),
    )
  })
}

t.test('selects the codes of a protocol only for its rules, and once', async (t) => {
  const asked = (texts: string[], tag = selector) => {
    const failures = texts.map(parseFailureRule)
    const query = bulkQuery(traceMatch(tag), { selector: tag, failures }, 'service')
    return codes.filter((key) => query.includes(`span.${key}`))
  }
  t.same(asked([]), [])
  t.same(asked(['http 500-599', 'not http 404']), codes.slice(0, 2))
  t.same(asked(['not grpc 1']), codes.slice(2))
  const byCode = tagSelector('span.http.status_code', '')
  const query = bulkQuery(traceMatch(byCode), { selector: byCode, failures: rules }, 'service')
  t.equal(query.split('select')[1]?.split('span.http.status_code').length, 2)
})
