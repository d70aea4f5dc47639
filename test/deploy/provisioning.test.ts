import { readdirSync, readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import t, { type Test } from 'tap'
import { parse as parseYaml } from 'yaml'
import { buildApp } from '../../src/app.ts'
import { shopSpans } from '../../src/cli/demo/shop.ts'
import { loadConfig } from '../../src/config/file/load.ts'
import { grafanaFields } from '../../src/http/routes/grafana-plugin.ts'
import { otlpRequest } from '../support/otlp/otlp-request.ts'

const webhookToken = 'webhook-token-of-this-test'
const readYaml = (path: string) => parseYaml(readFileSync(path, 'utf8'))

interface Source {
  type: string
  uid: string
}
interface Link {
  title: string
  url: string
  internal: { datasourceUid: string; query: Record<string, unknown> }
}
interface Panel {
  id: number
  type: string
  title: string
  datasource?: Source
  targets?: Record<string, unknown>[]
  panels?: Panel[]
  options?: { nodes: { arcs: { field: string; color: string }[] } }
  fieldConfig?: {
    overrides: { matcher: { id: string; options: string }; properties: { id: string; value: Link[] }[] }[]
  }
}
interface Dashboard {
  uid: string
  title: string
  schemaVersion: number
  templating: { list: { name: string; current: { value: string } }[] }
  panels: Panel[]
}

const dashboards = new Map(
  readdirSync('grafana/dashboards').map((file) => [
    file,
    JSON.parse(readFileSync(`grafana/dashboards/${file}`, 'utf8')) as Dashboard,
  ]),
)
const panelsOf = ({ panels }: { panels: Panel[] }) =>
  panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]).filter(({ type }) => type !== 'row')
const datasources = readYaml('grafana/provisioning/datasources/tta.yaml').datasources as {
  name: string
  uid: string
  type: string
  url?: string
  jsonData?: Record<string, unknown>
}[]

/** Starts tta with a graph `shop`, which alerts may rebuild. */
async function startShop(t: Test) {
  const overrides = { graph: { name: 'shop' }, log: { level: 'silent' } }
  const env = { TTA_WEBHOOKS_AUTH_BEARER_TOKEN: webhookToken }
  const { app, close } = await buildApp(loadConfig({ env, overrides }))
  t.teardown(close)
  const nowMs = Date.now()
  const payload = otlpRequest(
    shopSpans({ seed: 1, traces: 40, fromMs: nowMs - 600_000, toMs: nowMs - 60_000 }),
  )
  await app.inject({ method: 'POST', url: '/v1/traces', payload })
  await app.inject({ method: 'POST', url: '/aggregate' })
  return app
}

/** Replaces variables in a query as Grafana does. */
function filledIn(text: string, { templating }: Dashboard): string {
  const values: Record<string, string> = { __from: String(Date.now() - 3_600_000), __to: String(Date.now()) }
  for (const { name, current } of templating.list) values[name] = current.value
  return text.replace(/\$\{(\w+)(?::\w+)?\}/g, (variable, name) => {
    const value = values[name]
    if (value === undefined) throw new Error(`${variable} is nowhere defined`)
    return value
  })
}

t.test('uses the classic dashboard format, for Grafana 11 and later', async (t) => {
  t.same([...dashboards.keys()].sort(), ['infinity.json', 'nodegraph-provider.json', 'tta.json'])
  t.equal(new Set([...dashboards.values()].map(({ uid }) => uid)).size, 3)
  for (const [file, dashboard] of dashboards) {
    t.match(dashboard, { uid: /^[\w-]{1,40}$/, title: String, schemaVersion: 39 }, file)
    for (const key of [
      'tags',
      'version',
      'editable',
      'graphTooltip',
      'time',
      'timezone',
      'refresh',
      'annotations',
    ]) {
      t.ok(key in dashboard, `${file}: ${key}`)
    }
    t.notOk(
      'id' in dashboard || 'spec' in dashboard,
      'neither a stored dashboard nor one of schema version 2',
    )
    const ids = dashboard.panels.flatMap((panel) => [panel.id, ...(panel.panels ?? []).map(({ id }) => id)])
    t.equal(new Set(ids).size, ids.length)
    for (const panel of panelsOf(dashboard)) {
      t.equal(panel.type, 'nodeGraph')
      const source = datasources.find(({ uid }) => uid === panel.datasource?.uid)
      t.equal(
        source?.type,
        panel.datasource?.type,
        `${file}: ${panel.title} has a data source that is provisioned`,
      )
      for (const target of panel.targets ?? []) t.same(target.datasource, panel.datasource)
    }
  }
})

t.test('names only fields that the API returns', async (t) => {
  const app = await startShop(t)
  const { nodes, edges } = (await app.inject('/shop/api/graph/data')).json()
  const declared = grafanaFields.nodes_fields.map(({ field_name }) => field_name)
  for (const [file, dashboard] of dashboards) {
    for (const { options, fieldConfig } of panelsOf(dashboard)) {
      for (const { field, color } of options?.nodes.arcs ?? []) {
        t.ok(field in nodes[0], `${file}: ${field}`)
        t.equal(color, grafanaFields.nodes_fields.find(({ field_name }) => field_name === field)?.color)
      }
      t.equal(options?.nodes.arcs.length, 3, 'arcs are shares of one: none may be missing')
      for (const { matcher, properties } of fieldConfig?.overrides ?? []) {
        t.ok(matcher.id === 'byName' && matcher.options in nodes[0] && matcher.options in edges[0])
        for (const { title, url, internal } of properties.flatMap(({ value }) => value)) {
          t.equal(url, '')
          t.ok(title.startsWith('Traces/'))
          t.equal(internal.datasourceUid, 'tempo')
          t.equal(datasources.find(({ uid }) => uid === 'tempo')?.type, 'tempo')
          const [, named = ''] = /^\$\{__data\.fields\.(\w+)\}$/.exec(String(internal.query.query)) ?? []
          t.ok(named in nodes[0] && named in edges[0], `${file}: ${title} follows ${named}`)
          t.ok(declared.includes(named), 'the plugin keeps it')
        }
      }
    }
  }
})

t.test('answers every query of the dashboards with a graph', async (t) => {
  const app = await startShop(t)
  const ask = async (url: string) => {
    const response = await app.inject(url)
    t.equal(response.statusCode, 200, `${url} ${response.body.slice(0, 200)}`)
    return response.json()
  }
  const panelsFor = (source: string) =>
    [...dashboards.values()].flatMap((dashboard) =>
      panelsOf(dashboard)
        .filter(({ datasource }) => datasource?.uid === source)
        .map(({ targets = [] }) => ({ dashboard, targets })),
    )

  t.equal(panelsFor('tta').length, 2)
  for (const { dashboard, targets } of panelsFor('tta')) {
    t.equal(targets.length, 1, 'the plugin shows the first query alone')
    const query = filledIn(String(targets[0]?.queryText), dashboard)
    const { nodes_fields } = await ask(`/shop/api/graph/fields?${query}`)
    const { nodes, edges } = await ask(`/shop/api/graph/data?${query}`)
    t.ok(nodes.length > 10 && edges.length > 10)
    for (const { field_name } of nodes_fields) t.ok(field_name in nodes[0], field_name)
  }
  t.equal(panelsFor('tta-infinity').length, 1)
  for (const { dashboard, targets } of panelsFor('tta-infinity')) {
    t.same(
      targets.map(({ refId }) => refId),
      ['nodes', 'edges'],
      'the panel identifies frames by these ids',
    )
    for (const target of targets) {
      const { params } = target.url_options as { params: { key: string; value: string }[] }
      const query = params.map(({ key, value }) => `${key}=${filledIn(value, dashboard)}`).join('&')
      const answer = await ask(`${filledIn(String(target.url), dashboard)}?${query}`)
      t.ok(answer[String(target.root_selector)].length > 10)
      t.match(target, { parser: 'backend', format: 'table', type: 'json', source: 'url' })
    }
  }
  t.same(
    panelsFor('nodegraph-provider').map(({ targets }) => targets.map(({ queryText }) => queryText)),
    [['']],
    'the provider accepts no parameters',
  )
  const { graphs } = await ask('/graphs')
  t.equal(graphs[0].name, 'shop', 'the variable of the Infinity dashboard lists it')
})

t.test('answers fields and rows with the same query, also for a graph without nodes', async (t) => {
  const app = await startShop(t)
  const headers = { 'user-agent': 'Grafana/12.3.0', authorization: 'Bearer none-is-wanted' }
  const ask = async (url: string) => (await app.inject({ url, headers })).json()
  await app.inject({ method: 'POST', url: '/aggregate', payload: { graph: 'empty', filter: '^nobody$' } })
  t.same(await ask('/empty/api/graph/data'), { nodes: [], edges: [] }, 'null would be an error in the panel')
  // Queries with empty variables, and a filter that the plugin does not encode.
  for (const query of ['', '?', '?from=&to=&filter=&focus=&max_nodes=', '?filter=a%26b%7C(d)&orgId=1']) {
    t.same(await ask(`/shop/api/graph/fields${query}`), grafanaFields)
    const { nodes, edges } = await ask(`/shop/api/graph/data${query}`)
    t.ok(Array.isArray(nodes) && Array.isArray(edges), query)
  }
  const refused = await ask('/shop/api/graph/data?focus=missing')
  t.match(refused, { message: 'Node missing not found in graph shop', error: { code: 'TTA_NOT_FOUND' } })
})

t.test('returns columns that Infinity can read', async (t) => {
  const app = await startShop(t)
  const { nodes, edges } = (await app.inject('/shop/api/graph/data')).json()
  for (const rows of [nodes, edges] as Record<string, unknown>[][]) {
    const typesOf = (key: string) =>
      new Set(
        rows
          .map((row) => row[key])
          .filter((value) => value !== null)
          .map((value) => typeof value),
      )
    for (const key of Object.keys(rows[0] ?? {})) {
      t.notOk(key.includes('.'), 'a dot would be a path')
      t.ok(
        typesOf(key).size <= 1,
        `${key} has one type, because Infinity applies the type of the first value to all`,
      )
      t.ok(
        rows.every((row) => key in row),
        'every row has every key',
      )
    }
  }
  for (const { field_name, type } of grafanaFields.nodes_fields)
    t.equal(typeof nodes[0][field_name], type, field_name)
  for (const { field_name, type } of grafanaFields.edges_fields)
    t.equal(typeof edges[0][field_name], type, field_name)
})

t.test('has provisioning files of the documented shapes', async (t) => {
  const text = { type: 'string', minLength: 1 }
  const closed = { additionalProperties: false }
  const isValid = (what: string, schema: object, value: unknown) => {
    const ajv = new Ajv({ allErrors: true, strict: false })
    t.ok(ajv.validate(schema, value), `${what}: ${ajv.errorsText()}`)
  }
  const list = (items: object) => ({ type: 'array', minItems: 1, items })
  const file = (key: string, items: object) => ({
    type: 'object',
    required: ['apiVersion', key],
    properties: { apiVersion: { const: 1 }, [key]: list(items) },
    ...closed,
  })
  const flag = { type: 'boolean' }
  isValid(
    'data sources',
    file('datasources', {
      type: 'object',
      required: ['name', 'type', 'uid', 'access'],
      properties: {
        ...{
          name: text,
          uid: { type: 'string', pattern: '^[\\w-]{1,40}$' },
          type: text,
          access: { const: 'proxy' },
        },
        ...{ url: text, orgId: { type: 'integer' }, isDefault: flag, editable: flag },
        jsonData: { type: 'object' },
        secureJsonData: { type: 'object', additionalProperties: text },
      },
      ...closed,
    }),
    readYaml('grafana/provisioning/datasources/tta.yaml'),
  )
  isValid(
    'dashboards',
    file('providers', {
      type: 'object',
      required: ['name', 'type', 'options'],
      properties: {
        ...{ name: text, orgId: { type: 'integer' }, folder: text, type: { const: 'file' } },
        ...{
          disableDeletion: flag,
          updateIntervalSeconds: { type: 'integer', minimum: 11 },
          allowUiUpdates: flag,
        },
        options: {
          type: 'object',
          required: ['path'],
          properties: { path: text, foldersFromFilesStructure: flag },
          ...closed,
        },
      },
      ...closed,
    }),
    readYaml('grafana/provisioning/dashboards/tta.yaml'),
  )
  isValid(
    'contact points',
    file('contactPoints', {
      type: 'object',
      required: ['orgId', 'name', 'receivers'],
      properties: {
        ...{ orgId: { type: 'integer' }, name: text },
        receivers: list({
          type: 'object',
          required: ['uid', 'type', 'settings'],
          properties: {
            ...{
              uid: { type: 'string', pattern: '^[\\w-]{1,40}$' },
              type: { const: 'webhook' },
              disableResolveMessage: flag,
            },
            settings: {
              type: 'object',
              required: ['url'],
              properties: {
                ...{ url: text, httpMethod: { enum: ['POST', 'PUT'] } },
                ...{ authorization_scheme: text, authorization_credentials: text },
              },
              ...closed,
            },
          },
          ...closed,
        }),
      },
      ...closed,
    }),
    readYaml('grafana/provisioning/alerting/tta.yaml'),
  )
  for (const { type, url, jsonData = {} } of datasources) {
    // The server part of the plugin reads jsonData.url; without it Grafana answers 502.
    if (type.startsWith('hamedkarbasi93'))
      t.ok(url === undefined && /^http:\/\/.+\/shop$/.test(String(jsonData.url)))
    // With authentication, Infinity calls only allowed hosts.
    if (type.startsWith('yesoreyeram')) t.same(jsonData.allowedHosts, [url])
  }
  const secrets = datasources.flatMap((source) =>
    Object.values((source as { secureJsonData?: object }).secureJsonData ?? {}),
  )
  t.ok(
    secrets.every((secret) => /\$TTA_\w+$/.test(secret)),
    'no file contains a secret',
  )
})

t.test('accepts a notification of the contact point', async (t) => {
  const app = await startShop(t)
  const [{ settings }] = readYaml('grafana/provisioning/alerting/tta.yaml').contactPoints[0].receivers
  const token = String(settings.authorization_credentials).replace('$TTA_WEBHOOK_TOKEN', webhookToken)
  const response = await app.inject({
    method: settings.httpMethod,
    url: new URL(settings.url).pathname,
    headers: { authorization: `${settings.authorization_scheme} ${token}` },
    payload: {
      alerts: [{ status: 'firing', labels: { alertname: 'TestAlert' }, startsAt: new Date().toISOString() }],
    },
  })
  t.equal(response.statusCode, 202, response.body)
})

t.test('declares all fields of tta in the configuration of nodegraph-provider', async (t) => {
  const { graph_schemas } = readYaml('grafana/nodegraph-provider/config.yaml') as {
    graph_schemas: Record<string, { node_fields: object[]; edge_fields: object[] }>
  }
  t.same(Object.keys(graph_schemas), ['shop', 'shop-operations', 'shop-alert'])
  for (const { node_fields, edge_fields } of Object.values(graph_schemas)) {
    t.same({ nodes_fields: node_fields, edges_fields: edge_fields }, grafanaFields)
  }
})
