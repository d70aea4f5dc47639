import t from 'tap'
import { defaultParameters } from '../../src/model/parameters.ts'
import { buildSettings, schedulesOf } from '../../src/wiring/builds.ts'
import { complaint, load, refused } from './sources.ts'

t.test('a named graph has the values of the sections for its absent keys', async (t) => {
  const config = load(`
graph: { name: shop }
query: { tag: k8s.namespace.name, limit: 500 }
search: { from: 1200 }
graphs:
  shop:
  cart:
    query: { filter: '^cart$', level: both, use_tag_as_node: false }
    search: { from: 300, mode: blocks }
    schedule: { every_sec: 300 }
    sinks: [nodegraph-provider]
  nightly:
    query: { tag: service.name, query: '{ status = error }' }
    schedule: { cron: '0 3 * * *', timezone: Europe/Berlin }
    sinks: []
nodegraph_provider: { url: http://localhost:9393 }
`)
  const common = { ...defaultParameters, tag: 'k8s.namespace.name', limit: 500, searchFrom: 1200 }
  const { defaults, graphs } = buildSettings(config)
  t.same(defaults, { ...common, graph: 'shop' })
  t.same(graphs, {
    shop: { parameters: { ...common, graph: 'shop' }, sinks: undefined },
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
    },
    nightly: {
      parameters: { ...common, graph: 'nightly', tag: 'service.name', query: '{ status = error }' },
      sinks: [],
    },
  })
  t.same(schedulesOf(config), {
    cart: { everyMs: 300_000 },
    nightly: { cron: '0 3 * * *', timezone: 'Europe/Berlin' },
  })
})

t.test('accepts names that are special in JavaScript', async (t) => {
  const { graphs = {} } = buildSettings(
    load('graphs: { __proto__: {}, constructor: { query: { limit: 5 } } }'),
  )
  t.same(Object.keys(graphs), ['__proto__', 'constructor'])
  t.match(graphs, { constructor: { parameters: { graph: 'constructor', limit: 5 } } })
})

t.test('environment and command line override named graphs', async (t) => {
  const env = { TTA_GRAPHS: '{"cart":{"query":{"limit":7},"schedule":{"every_sec":60}}}' }
  t.match(load('graphs: { cart: { query: { filter: a } } }', { env }).graphs, {
    cart: { query: { limit: 7, filter: 'a' }, schedule: { every_sec: 60 } },
  })
  const filled = load(`graphs: { cart: { query: { limit: '\${MOST}' } } }`, { env: { MOST: '9' } })
  t.equal(filled.graphs.cart?.query?.limit, 9, 'as the type of the key')
  const overrides = { query: { filter: 'cli' }, search: { from: '60' } }
  t.match(
    load('graphs: { cart: { query: { filter: a, limit: 3 } } }', { overrides }).graphs.cart,
    { query: { filter: 'cli', limit: 3 }, search: { from: 60 } },
    'the command line overrides the file, for every graph',
  )
})

t.test('names every mistake and the allowed values', async (t) => {
  const cases: [text: string, said: string | RegExp][] = [
    ['graphs: { Shop: {} }', /^graphs\.Shop .*lower-case letters/],
    ['graphs: { a: { querry: {} } }', /^graphs\.a\.querry .*did you mean query\?/],
    ['graphs: { a: { query: { graph: b } } }', /^graphs\.a\.query\.graph is not a known key/],
    ['graphs: { a: { query: { filter: "(" } } }', /^graphs\.a\.query\.filter .*missing closing \)/],
    ['graphs: { a: { query: { tag: resource. } } }', /^graphs\.a\.query\.tag /],
    ['graphs: { a: { query: { limit: 0 } } }', /^graphs\.a\.query\.limit must be from 1 to/],
    ['graphs: { a: { search: { from: -1 } } }', 'graphs.a.search.from must be above 0'],
    ['graphs: { a: { schedule: {} } }', 'graphs.a.schedule must have one of every_sec and cron'],
    [
      'graphs: { a: { schedule: { every_sec: 60, cron: "* * * * *" } } }',
      'graphs.a.schedule must have one of every_sec and cron',
    ],
    ['graphs: { a: { schedule: { every_sec: 60s } } }', /every_sec must be a number from 1 to 604800$/],
    ['graphs: { a: { schedule: { every_sec: 0.5 } } }', /every_sec must be from 1 to 604800$/],
    ['graphs: { a: { schedule: { every_sec: 604801 } } }', /every_sec must be from 1 to 604800$/],
    [
      'graphs: { a: { schedule: { every_sec: 60, timezone: UTC } } }',
      'graphs.a.schedule.timezone cannot be combined with every_sec',
    ],
    [
      'graphs: { a: { schedule: { cron: "61 * * * *" } } }',
      'graphs.a.schedule.cron must be a cron pattern, such as */5 * * * *: Invalid value for minute: 61',
    ],
    ['graphs: { a: { schedule: { cron: "0 0 30 2 *" } } }', /^graphs\.a\.schedule\.cron .*in the future/],
    [
      'graphs: { a: { schedule: { cron: "* * * * *", timezone: Mars } } }',
      'graphs.a.schedule.timezone must be an IANA time zone, such as Europe/Berlin',
    ],
    [
      'graphs: { a: { sinks: [nodegraph-provider] } }',
      'graphs.a.sinks[0] must be a configured sink (no sink is configured)',
    ],
    [
      'graphs: { a: { sinks: [redis] } }\nnodegraph_provider: { url: http://a }',
      'graphs.a.sinks[0] must be a configured sink (configured: nodegraph-provider)',
    ],
    [
      'graphs: { a: { query: { level: both } }, a-services: {} }',
      'graphs.a.query.level cannot be both, because graphs has a-services too',
    ],
    [`graphs: { ${'a'.repeat(56)}: { query: { level: both } } }`, /at most 55 characters at level both/],
  ]
  for (const [text, said] of cases) t.match(complaint(t, text), said, text)
  t.match(refused('graphs: { a: 1 }').message, /graphs\.a must be an object|graphs\.a is 1/)
  for (const [entry, said] of [
    [`query: { filter: '\${F}' }`, /filter must be an RE2 regular expression/],
    ["query: { filter: '((a{10}){10}){6}' }", /filter is .*must have at most 500 characters.*not 666/],
    ["query: { exclude: ['(.*y?){200}'] }", /exclude\[0\] is .*must have at most 500/],
    [`schedule: { cron: '\${F}' }`, /cron must be a cron pattern/],
    [`schedule: { cron: '0 3 * * *', timezone: '\${F}' }`, /must be an IANA time zone/],
  ] as const) {
    const { message, errors } = refused(`graphs: { a: { ${entry} } }`, { env: { F: '(geheim' } })
    t.match(message, said)
    t.notOk(
      `${message}${JSON.stringify(errors)}`.includes('geheim'),
      'values from the environment are hidden',
    )
  }
})
