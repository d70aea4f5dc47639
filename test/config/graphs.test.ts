import t from 'tap'
import { defaultParameters } from '../../src/model/parameters.ts'
import { complaint, load, refused } from './sources.ts'

t.test('a graph takes what it does not say from the sections of the file', async (t) => {
  const { graphs, parameters } = load(`
graph: { name: shop }
query: { tag: k8s.namespace.name, limit: 500 }
search: { from: 1200 }
graphs:
  shop:
  cart:
    query: { filter: '^cart$', level: both, use_tag_as_node: false }
    search: { from: 300, mode: blocks }
    schedule: { every: 5m }
    sinks: [nodegraph-provider]
  nightly:
    query: { tag: service.name, query: '{ status = error }' }
    schedule: { cron: '0 3 * * *', timezone: Europe/Berlin }
    sinks: []
nodegraph_provider: { url: http://localhost:9393 }
`)
  const common = { ...defaultParameters, tag: 'k8s.namespace.name', limit: 500, searchFrom: 1200 }
  t.same(parameters, { ...common, graph: 'shop' })
  t.same(graphs, {
    shop: { parameters: { ...common, graph: 'shop' }, sinks: undefined, schedule: undefined },
    cart: {
      parameters: {
        ...common,
        graph: 'cart',
        filter: '^cart$',
        level: 'both',
        useTagAsNode: false,
        searchFrom: 300,
        searchMode: 'blocks',
      },
      sinks: ['nodegraph-provider'],
      schedule: { everyMs: 300_000 },
    },
    nightly: {
      parameters: { ...common, graph: 'nightly', tag: 'service.name', query: '{ status = error }' },
      sinks: [],
      schedule: { cron: '0 3 * * *', timezone: 'Europe/Berlin' },
    },
  })
})

t.test('names that mean something to JavaScript are names like others', async (t) => {
  const { graphs } = load('graphs: { __proto__: {}, constructor: { query: { limit: 5 } } }')
  t.same(Object.keys(graphs), ['__proto__', 'constructor'])
  t.match(graphs, { constructor: { parameters: { graph: 'constructor', limit: 5 } } })
})

t.test('environment and command line', async (t) => {
  const env = { TTA_GRAPHS: '{"cart":{"query":{"limit":7},"schedule":{"every":"60s"}}}' }
  t.match(load('graphs: { cart: { query: { filter: a } } }', { env }).graphs, {
    cart: { parameters: { limit: 7, filter: 'a' }, schedule: { everyMs: 60_000 } },
  })
  const filled = load(`graphs: { cart: { query: { limit: '\${MOST}' } } }`, { env: { MOST: '9' } })
  t.equal(filled.graphs.cart?.parameters.limit, 9, 'a number where one is wanted')
  const overrides = { query: { filter: 'cli' }, search: { from: '60' } }
  t.match(
    load('graphs: { cart: { query: { filter: a, limit: 3 } } }', { overrides }).graphs.cart?.parameters,
    { filter: 'cli', limit: 3, searchFrom: 60 },
    'the command line goes before the file, for every graph',
  )
})

t.test('mistakes are named with what is allowed', async (t) => {
  const cases: [text: string, said: string | RegExp][] = [
    ['graphs: { Shop: {} }', /^graphs\.Shop .*lower-case letters/],
    ['graphs: { a: { querry: {} } }', /^graphs\.a\.querry .*did you mean query\?/],
    ['graphs: { a: { query: { graph: b } } }', /^graphs\.a\.query\.graph is not a known key/],
    ['graphs: { a: { query: { filter: "(" } } }', /^graphs\.a\.query\.filter .*missing closing \)/],
    ['graphs: { a: { query: { tag: resource. } } }', /^graphs\.a\.query\.tag /],
    ['graphs: { a: { query: { limit: 0 } } }', /^graphs\.a\.query\.limit must be from 1 to/],
    ['graphs: { a: { search: { from: -1 } } }', 'graphs.a.search.from must be above 0'],
    ['graphs: { a: { schedule: {} } }', 'graphs.a.schedule must have one of every and cron'],
    [
      'graphs: { a: { schedule: { every: 1m, cron: "* * * * *" } } }',
      'graphs.a.schedule must have one of every and cron',
    ],
    ['graphs: { a: { schedule: { every: 60 } } }', /^graphs\.a\.schedule\.every must be a string/],
    ['graphs: { a: { schedule: { every: 1 hour } } }', /^graphs\.a\.schedule\.every .*60s, 5m, 1h, 1d/],
    ['graphs: { a: { schedule: { every: 0s } } }', 'graphs.a.schedule.every must be from 1s to 7d'],
    ['graphs: { a: { schedule: { every: 8d } } }', 'graphs.a.schedule.every must be from 1s to 7d'],
    ['graphs: { a: { schedule: { every: 1h, timezone: UTC } } }', /^graphs\.a\.schedule\.timezone goes with/],
    [
      'graphs: { a: { schedule: { cron: "61 * * * *" } } }',
      'graphs.a.schedule.cron must be a cron pattern, such as */5 * * * *: Invalid value for minute: 61',
    ],
    ['graphs: { a: { schedule: { cron: "0 0 30 2 *" } } }', /^graphs\.a\.schedule\.cron .*never does/],
    [
      'graphs: { a: { schedule: { cron: "* * * * *", timezone: Mars } } }',
      'graphs.a.schedule.timezone must be an IANA time zone, such as Europe/Berlin',
    ],
    [
      'graphs: { a: { sinks: [nodegraph-provider] } }',
      'graphs.a.sinks[0] is no sink that is configured (none is configured)',
    ],
    [
      'graphs: { a: { sinks: [redis] } }\nnodegraph_provider: { url: http://a }',
      'graphs.a.sinks[0] is no sink that is configured (known: nodegraph-provider)',
    ],
    [
      'graphs: { a: { query: { level: both } }, a-services: {} }',
      'graphs.a.query.level writes a-services too, which is a graph of its own',
    ],
    [`graphs: { ${'a'.repeat(56)}: { query: { level: both } } }`, /at most 55 characters at level both/],
  ]
  for (const [text, said] of cases) t.match(complaint(t, text), said, text)
  t.match(refused('graphs: { a: 1 }').message, /graphs\.a must be an object|graphs\.a is 1/)
  for (const [entry, said] of [
    [`query: { filter: '\${F}' }`, /filter must be an RE2 regular expression/],
    [`schedule: { cron: '\${F}' }`, /cron must be a cron pattern/],
    [`schedule: { cron: '0 3 * * *', timezone: '\${F}' }`, /must be an IANA time zone/],
  ] as const) {
    const { message, errors } = refused(`graphs: { a: { ${entry} } }`, { env: { F: '(geheim' } })
    t.match(message, said)
    t.notOk(
      `${message}${JSON.stringify(errors)}`.includes('geheim'),
      'what the environment gives is not told',
    )
  }
})
