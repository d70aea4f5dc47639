import { createHash } from 'node:crypto'
import t, { type Test } from 'tap'
import { buildApp } from '../../../src/app.ts'
import { defaultConfig } from '../../../src/config/file/load.ts'
import type { GraphDocument } from '../../../src/model/graph-document.ts'
import { createLogger } from '../../../src/operations/logger.ts'

const nowMs = 1_700_000_060_000
const md5 = (text: string) => createHash('md5').update(text).digest('hex')

/** A tta that has received a root span of each name, each in a trace of its own. */
async function startWith(t: Test, names: string[], maxNodes = 10_000) {
  const { build, ...config } = defaultConfig()
  const options = { logger: createLogger('silent'), now: () => nowMs }
  const { app, close } = await buildApp({ ...config, build: { ...build, max_nodes: maxNodes } }, options)
  t.teardown(close)
  const spans = names.map((name, at) => ({
    traceId: (at + 1).toString(16).padStart(32, '0'),
    spanId: '1'.padStart(16, '0'),
    name,
    kind: 2,
    startTimeUnixNano: '1700000000000000000',
    endTimeUnixNano: '1700000000010000000',
  }))
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'web' } }] }
  const payload = { resourceSpans: [{ resource, scopeSpans: [{ spans }] }] }
  t.equal((await app.inject({ method: 'POST', url: '/v1/traces', payload })).statusCode, 200)
  const graphAt = async (query: Record<string, string>) => {
    const answer = await app.inject({ url: '/graphs/any', query: { useTagAsNode: 'false', ...query } })
    return answer.json() as GraphDocument
  }
  return { app, graphAt }
}

t.test('names that differ only in ids become one, whose query finds all of them', async (t) => {
  const names = ['GET /items/4711', 'GET /items/12', 'GET /items (all)', 'GET /items/a/b']
  const { graphAt } = await startWith(t, names)
  t.equal((await graphAt({})).nodes.length, 4)
  const { nodes } = await graphAt({ spanNames: 'templates' })
  t.match(nodes, [
    {
      subTitle: 'GET /items (all)',
      count: 1,
      traceql: '{ resource.service.name = "web" && name = "GET /items (all)" }',
    },
    {
      id: md5('web##GET /items/*'),
      subTitle: 'GET /items/*',
      operation: 'GET /items/*',
      count: 2,
      traceql: '{ resource.service.name = "web" && name =~ "GET /items/[^/\\\\s]+" }',
    },
    { subTitle: 'GET /items/a/b', count: 1 },
  ])
  const pattern = /^GET \/items\/[^/\s]+$/
  t.same(
    names.map((name) => pattern.test(name)),
    [true, true, false, false],
  )
})

t.test('other characters of a template match only themselves', async (t) => {
  const { graphAt } = await startWith(t, ['a.b(4711)+[x]?'])
  const { nodes } = await graphAt({ spanNames: 'templates' })
  t.equal(
    nodes[0]?.traceql,
    '{ resource.service.name = "web" && name =~ "a\\\\.b\\\\([^/\\\\s]+\\\\)\\\\+\\\\[x\\\\]\\\\?" }',
  )
})

t.test('more names than nodes are not too many as templates, and the warning says so', async (t) => {
  const { graphAt } = await startWith(
    t,
    Array.from({ length: 50 }, (_, at) => `GET /items/${at}`),
    2,
  )
  const asSent = await graphAt({})
  t.equal(asSent.nodes.length, 3)
  t.match(asSent.summary.warnings, [
    /span names may contain ids, which `query.span_names: templates` replaces/,
  ])
  const { nodes, summary } = await graphAt({ spanNames: 'templates' })
  t.match(nodes, [{ subTitle: 'GET /items/*', count: 50 }])
  t.same(summary.warnings, [])
})

t.test('an empty or blank name is shown as (no name), and keeps its id and its query', async (t) => {
  const { app, graphAt } = await startWith(t, ['', '  '])
  const { nodes } = await graphAt({})
  t.match(nodes, [
    {
      id: md5('web##'),
      subTitle: '(no name)',
      operation: '',
      traceql: '{ resource.service.name = "web" && name = "" }',
    },
    { id: md5('web##  '), subTitle: '(no name)', operation: '  ' },
  ])
  t.equal(
    (await app.inject({ method: 'POST', url: '/aggregate', payload: { graph: 'web' } })).statusCode,
    200,
  )
  const query = { source: nodes[0]?.id ?? '', target: nodes[1]?.id ?? '' }
  const explanation = await app.inject({ url: '/graphs/web/explain', query })
  t.equal(explanation.statusCode, 200)
  t.match(explanation.json().verdict, 'No call leads from web/(no name) to web/(no name)')
})
