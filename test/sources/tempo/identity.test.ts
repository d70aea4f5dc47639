import t, { type Test } from 'tap'
import { StringTable } from '../../../src/graph/columns/string-table.ts'
import type { Graph } from '../../../src/graph/graph.ts'
import { GraphBuilder } from '../../../src/graph/graph-builder.ts'
import { joinParts } from '../../../src/graph/spans/node-name.ts'
import type { Attribute } from '../../../src/sources/tag-selector.ts'
import { tagSelector } from '../../../src/sources/tag-selector.ts'
import { bulkQuery, selectionProblem, traceMatch } from '../../../src/sources/tempo/traceql.ts'
import { newSource, tableOf } from '../../support/tempo/read-window.ts'
import { type Fragment, fragmentOf, type StoredSpan } from '../../support/tempo/stored-trace.ts'
import { type StandInOptions, startTempo } from '../../support/tempo/tempo-stand-in.ts'

const epochMs = 1_700_000_000_000
const window = { fromMs: epochMs, toMs: epochMs + 600_000 }
const identity = ['service.namespace', 'deployment.environment.name', 'service.name']
const group: Attribute = { scope: 'resource', key: 'team' }
const selector = tagSelector('service.name', '')

/** One service in each of these resources; environments have their earlier name in the last but one. */
const resources: Record<string, string>[] = [
  {},
  { 'service.namespace': 'shop', team: 'blue' },
  { 'service.namespace': 'billing', team: 'red' },
  { 'service.namespace': 'shop', 'deployment.environment.name': 'prod' },
  { 'deployment.environment': 'prod', team: 'red' },
  { 'deployment.environment.name': 'staging', 'deployment.environment': 'prod' },
]

/** A trace in which `api` of each resource calls `api` of the next one, each with some internal spans. */
function apis(traceId: number, internalSpans: number): Fragment {
  return resources.flatMap((resource, at): StoredSpan[] => {
    const first = at * 1000 + 1
    const spans = Array.from({ length: internalSpans + 1 }, (_, index) => ({
      id: first + index,
      parent: index > 0 ? first : at === 0 ? undefined : first - 1000,
      name: index === 0 ? 'GET /' : 'work',
      service: 'api',
      atMs: at + 1,
      ms: 10 + index,
    }))
    return fragmentOf(traceId, epochMs, spans).map((span) => ({ ...span, resource }))
  })
}

const newBuilder = () =>
  new GraphBuilder({ strings: new StringTable(), slowThresholdMs: 40, level: 'both', hasGroups: true })

/** The graph of traces without a Tempo. Names and groups are written down here a second time. */
function expected(traces: Fragment[]): Graph[] {
  const builder = newBuilder()
  for (const spans of traces) {
    const table = tableOf(builder.strings, spans)
    const groups = table.enableGroups()
    spans.forEach(({ service = '', resource = {} }, row) => {
      const environment = resource['deployment.environment.name'] ?? resource['deployment.environment'] ?? ''
      const name = joinParts([service, resource['service.namespace'] ?? '', environment])
      table.service[row] = builder.strings.internText(name)
      groups[row] = builder.strings.internText(resource.team ?? '')
    })
    builder.add(table)
  }
  return [builder.finish(), builder.finishServices() as Graph]
}

async function read(t: Test, fragments: Fragment[], standIn: Partial<StandInOptions> = {}) {
  const tempo = await startTempo({ fragments, ...standIn })
  const source = newSource({ url: tempo.url })
  t.teardown(() => Promise.all([source.close(), tempo.close()]))
  const builder = newBuilder()
  const query = { selector, window, limit: 1000, identity, group, peers: true }
  await source.read(query, builder, { signal: new AbortController().signal })
  return { graphs: [builder.finish(), builder.finishServices() as Graph], tempo }
}

t.test('a search names a service and its group once per spanset', async (t) => {
  const traces = [apis(1, 2), apis(2, 3)]
  const { graphs } = await read(t, traces)
  t.same(graphs, expected(traces))
  t.same(
    graphs[1]?.nodes.map(({ title, parts = [], group }) => [title, ...parts, group].join(' ')),
    ['api ', 'api  prod red', 'api  staging ', 'api billing red', 'api shop blue', 'api shop prod '],
  )
})

t.test('spans of large spansets name their service and group themselves', async (t) => {
  const traces = [apis(1, 150), apis(2, 150)]
  const { graphs } = await read(t, traces)
  t.same(graphs, expected(traces))
})

t.test('a missing value of a dedicated column is absent', async (t) => {
  const traces = [apis(1, 2)]
  const dedicated = ['service.namespace', 'deployment.environment', 'team']
  t.same((await read(t, traces, { dedicated })).graphs, expected(traces))
})

t.test('traces by id name services and groups the same', async (t) => {
  const traces = [apis(1, 2), apis(2, 3)]
  const { graphs, tempo } = await read(t, traces, { unknown: ['by'] })
  t.same(graphs, expected(traces))
  t.ok(tempo.asked.some(({ kind }) => kind === 'lookup'))
})

t.test('asks for each attribute once', async (t) => {
  const match = traceMatch(selector)
  const asked = (spread: 'service' | 'duration', more: object = {}) =>
    bulkQuery(match, { selector, identity, group, ...more }, spread, false)
  t.equal(
    asked('service'),
    '{ } | by(trace:duration) | by(resource.service.name) | by(resource.service.namespace) | ' +
      'by(resource.deployment.environment.name) | by(resource.deployment.environment) | by(resource.team) | ' +
      'select(span:parentID, span:name, span:kind, span:status)',
  )
  t.match(
    asked('duration'),
    'select(span:parentID, span:name, span:kind, span:status, resource.service.name, resource.service.namespace, ' +
      'resource.deployment.environment.name, resource.deployment.environment, resource.team)',
  )
  const namespace: Attribute = { scope: 'resource', key: 'service.namespace' }
  t.equal(asked('service', { group: namespace }).match(/service\.namespace/g)?.length, 1)
  t.match(asked('service', { group: { scope: 'any', key: 'team' } }), /select\(.*, \.team\)/)
  t.notMatch(bulkQuery(match, { selector, identity: ['service.name'] }, 'service'), 'namespace')
})

t.test('refuses attributes that search answers name the same', async (t) => {
  const problem = (selection: object) => selectionProblem({ selector, ...selection })
  t.match(problem({ selector: tagSelector('span.team', ''), identity: ['team', 'service.name'] }), {
    field: 'identity',
    value: 'team',
    message: 'must not be resource.team',
  })
  t.match(problem({ identity: ['team', 'service.name'], group: { scope: 'any', key: 'team' } }), {
    field: 'groupBy',
  })
  t.match(problem({ identity: ['server.address', 'service.name'], peers: true }), { field: 'identity' })
  t.equal(problem({ identity: ['server.address', 'service.name'], peers: false }), undefined)
  t.match(problem({ group, sampling: { scope: 'span', key: 'team' } }), { field: 'samplingAttribute' })
  t.equal(problem({ selector: tagSelector('service.namespace', ''), identity }), undefined)
})
