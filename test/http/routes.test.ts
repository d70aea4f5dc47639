import { createHash } from 'node:crypto'
import t from 'tap'
import { TtaError } from '../../src/base/errors.ts'
import { AcceptedTokens } from '../../src/http/access/token-check.ts'
import { documentOf, startServer, summaryOf, tempoDown } from '../support/server-stand-ins.ts'

t.test('POST /aggregate', async (t) => {
  t.test('returns the summary and stores the graph', async (t) => {
    const { app, store, calls } = await startServer(t)
    const payload = { graph: 'shop', filter: 'cart.*', from: 'now-20m', limit: 5, useTagAsNode: false }
    const response = await app.inject({ method: 'POST', url: '/aggregate', payload })
    t.equal(response.statusCode, 200)
    t.same(response.json(), summaryOf('shop'))
    t.same(calls[0]?.parameters, payload, 'nothing is filled in, nothing is dropped')
    t.ok(store.get('shop'))
  })

  t.test('accepts no body, an empty body and {}', async (t) => {
    const { app, calls } = await startServer(t)
    const json = { 'content-type': 'application/json' }
    for (const request of [{}, { headers: json, payload: '' }, { headers: json, payload: '{}' }]) {
      const response = await app.inject({ method: 'POST', url: '/aggregate', ...request })
      t.equal(response.statusCode, 200)
    }
    t.same(
      calls.map(({ parameters }) => parameters),
      [{}, {}, {}],
    )
  })

  t.test('distinguishes errors by their source, and sends only the message', async (t) => {
    const failures = [
      [502, tempoDown()],
      [503, new TtaError('TTA_SINK_FAILED', 'not stored', { details: { summary: summaryOf('micro') } })],
      [504, new TtaError('TTA_DEADLINE', 'took longer than 300 s')],
      [
        400,
        new TtaError('TTA_QUERY_REFUSED', 'Tempo refused', { errors: [{ field: 'query', message: 'no' }] }),
      ],
    ] as const
    for (const [status, error] of failures) {
      const aggregate = async () => {
        throw error
      }
      const { app, rawLog } = await startServer(t, { aggregator: { aggregate } })
      const response = await app.inject({ method: 'POST', url: '/aggregate' })
      t.equal(response.statusCode, status)
      t.match(response.json(), { status, code: error.code, detail: error.message })
      t.notOk(response.body.includes('ECONNREFUSED'), 'the cause is not sent')
      t.notOk(rawLog().includes('s3cret'), 'nor are the secrets it holds logged')
      if (status === 502) t.ok(rawLog().includes('ECONNREFUSED'), 'but the cause is logged')
      if (status === 503) t.same(response.json().summary, summaryOf('micro'))
    }
  })
})

t.test('lists the graphs with their summaries', async (t) => {
  const { app, put } = await startServer(t)
  t.same((await app.inject('/graphs')).json(), { graphs: [] })
  await put(documentOf('b'))
  await put(documentOf('a'))
  const { graphs } = (await app.inject('/graphs')).json()
  t.same(
    graphs.map(({ name }: { name: string }) => name),
    ['a', 'b'],
  )
  t.same(graphs[0].summary, summaryOf('a'))
})

t.test('a stored graph', async (t) => {
  t.test('is returned whole, as nodes, as edges, and as rows for Grafana', async (t) => {
    const { app, put, calls } = await startServer(t)
    const document = documentOf('micro')
    await put(document)
    const { nodes, edges } = document
    t.same((await app.inject('/graphs/micro')).json(), document)
    t.same((await app.inject('/graphs/micro/nodes')).json(), nodes)
    t.same((await app.inject('/graphs/micro/edges')).json(), edges)
    t.same((await app.inject('/micro/api/graph/data')).json(), { nodes, edges })
    t.same(calls, [], 'nothing was built for it')
  })

  t.test('has empty arrays without rows', async (t) => {
    const { app, put } = await startServer(t)
    await put({ ...documentOf('micro'), nodes: [], edges: [] })
    t.equal((await app.inject('/micro/api/graph/data')).body, '{"nodes":[],"edges":[]}')
  })

  t.test('is 404 before the first build', async (t) => {
    const { app } = await startServer(t)
    for (const url of [
      '/graphs/micro',
      '/graphs/micro/nodes',
      '/graphs/micro/edges',
      '/micro/api/graph/data',
    ]) {
      const response = await app.inject(url)
      t.equal(response.statusCode, 404, url)
      t.match(response.json(), { status: 404, code: 'TTA_NOT_FOUND', detail: /Graph micro not found/ })
    }
  })

  t.test('has the same headers for HEAD as for GET, and no body', async (t) => {
    const { app, put } = await startServer(t)
    await put(documentOf('micro'))
    const get = await app.inject('/graphs/micro')
    const head = await app.inject({ method: 'HEAD', url: '/graphs/micro' })
    t.equal(head.statusCode, 200)
    t.equal(head.body, '')
    t.equal(head.headers.etag, get.headers.etag)
    t.equal(head.headers['content-length'], get.headers['content-length'])
  })

  t.test('is 404 after DELETE', async (t) => {
    const { app, put } = await startServer(t)
    await put(documentOf('micro'))
    const remove = () => app.inject({ method: 'DELETE', url: '/graphs/micro' })
    const response = await remove()
    t.equal(response.statusCode, 204)
    t.equal(response.body, '')
    t.equal((await app.inject('/graphs/micro')).statusCode, 404)
    t.match((await remove()).json(), { status: 404, code: 'TTA_NOT_FOUND' })
  })

  t.test('stays if the provider cannot be reached, and DELETE is 503', async (t) => {
    const remove = async () => {
      throw new TtaError('TTA_SINK_FAILED', 'nodegraph-provider did not answer')
    }
    const { app } = await startServer(t, { aggregator: { remove } })
    const response = await app.inject({ method: 'DELETE', url: '/graphs/micro' })
    t.match(response.json(), { status: 503, code: 'TTA_SINK_FAILED' })
  })
})

t.test('parameters in the query string', async (t) => {
  t.test('build a graph for this response only, at each of the four paths', async (t) => {
    const { app, calls, store } = await startServer(t)
    const preview = documentOf('micro', 'preview')
    const { nodes, edges } = preview
    t.same((await app.inject('/graphs/micro?filter=a')).json(), preview)
    t.same((await app.inject('/graphs/micro/nodes?filter=a')).json(), nodes)
    t.same((await app.inject('/graphs/micro/edges?filter=a')).json(), edges)
    t.same((await app.inject('/micro/api/graph/data?filter=a')).json(), { nodes, edges })
    t.same(
      calls.map(({ method, parameters }) => [method, parameters]),
      Array(4).fill(['preview', { graph: 'micro', filter: 'a' }]),
    )
    t.same(store.list(), [])
  })

  t.test('are converted to the types of the schema', async (t) => {
    const { app, calls } = await startServer(t)
    const query =
      'tag=service.name&filter=17&from=1748770000&to=now-5m&searchMode=blocks&useTagAsNode=true' +
      '&traceThresholdMs=2.5&limit=7&serviceNodeSubTitle=true&query=%7B%20status%20%3D%20error%20%7D'
    t.equal((await app.inject(`/graphs/micro?${query}`)).statusCode, 200)
    t.same(calls[0]?.parameters, {
      graph: 'micro',
      tag: 'service.name',
      filter: '17',
      from: 1748770000,
      to: 'now-5m',
      searchMode: 'blocks',
      useTagAsNode: true,
      traceThresholdMs: 2.5,
      limit: 7,
      serviceNodeSubTitle: 'true',
      query: '{ status = error }',
    })
  })

  t.test('can have a time with an unescaped plus', async (t) => {
    const { app, calls } = await startServer(t)
    const asked = async (query: string) => {
      await app.inject(`/graphs/micro?${query}`)
      return calls.at(-1)?.parameters
    }
    t.match(await asked('from=2026-11-22T10:00:00+02:00&to=2026-11-22T11:00:00.5+0200'), {
      from: '2026-11-22T10:00:00+02:00',
      to: '2026-11-22T11:00:00.5+0200',
    })
    t.match(await asked('from=2026-11-22T10:00%2B02:00'), { from: '2026-11-22T10:00+02:00' })
    const untouched = { from: '2026-11-22 10:00', to: 'now 02:00', filter: '2026-11-22T10:00:00 02:00' }
    t.match(await asked(`${new URLSearchParams(untouched)}`), untouched, 'any other blank stays one')
  })

  t.test('count as absent if empty, like an empty Grafana variable', async (t) => {
    const { app, put, calls } = await startServer(t)
    await put(documentOf('micro'))
    for (const url of ['/graphs/micro?filter=&from=', '/micro/api/graph/data?filter=&limit=&service=']) {
      t.equal((await app.inject(url)).json().nodes[0].title, 'cart')
    }
    t.same(calls, [])
  })

  t.test('that are unknown are ignored only for Grafana', async (t) => {
    const { app, put, calls } = await startServer(t)
    await put(documentOf('micro'))
    t.equal((await app.inject('/micro/api/graph/data?service=a&service=b&orgId=1')).statusCode, 200)
    t.same(calls, [], 'and build nothing')
    t.equal((await app.inject('/micro/api/graph/data?service=a&filter=b')).statusCode, 200)
    t.same(calls[0]?.parameters, { graph: 'micro', filter: 'b' })
    t.equal((await app.inject('/micro/api/graph/fields?from=1&from=2&limit=x')).statusCode, 200)
    t.match((await app.inject('/graphs/micro?service=a')).json(), { errors: [{ field: 'service' }] })
  })
})

t.test('the Grafana plugin', async (t) => {
  t.test('gets fields that are keys of every row, with the colours of the arcs', async (t) => {
    const { app } = await startServer(t)
    const { nodes_fields, edges_fields } = (await app.inject('/any-name/api/graph/fields')).json()
    const names = (fields: { field_name: string }[]) => fields.map(({ field_name }) => field_name)
    const { nodes, edges } = documentOf('micro')
    t.same(names(nodes_fields), [
      'id',
      'title',
      'subTitle',
      'mainStat',
      'secondaryStat',
      'arc__failed',
      'arc__slow',
      'arc__passed',
      'detail__role',
      'detail__named_by',
      'detail__traffic',
      'detail__latency',
      'detail__critical_path',
      'detail__self_calls',
      'detail__trace_slowest',
      'detail__trace_failed',
      'detail__trace_typical',
      'traceql',
    ])
    t.same(names(edges_fields), [
      'id',
      'source',
      'target',
      'mainStat',
      'secondaryStat',
      'detail__traffic',
      'detail__latency',
      'detail__critical_path',
      'detail__sides',
      'detail__via',
      'detail__pattern',
      'detail__trace_slowest',
      'detail__trace_failed',
      'detail__trace_typical',
      'traceql',
    ])
    for (const name of names(nodes_fields)) t.ok(name in (nodes[0] ?? {}), name)
    for (const name of names(edges_fields)) t.ok(name in (edges[0] ?? {}), name)
    t.match(
      nodes_fields.filter(({ color }: { color?: string }) => color),
      [
        { field_name: 'arc__failed', type: 'number', color: 'red' },
        { field_name: 'arc__slow', type: 'number', color: '#EAB839' },
        { field_name: 'arc__passed', type: 'number', color: 'green' },
      ],
    )
    t.match(nodes_fields[8], { type: 'string', displayName: 'Role' })
  })

  t.test('gets 200 from health for any graph name', async (t) => {
    const { app } = await startServer(t)
    for (const name of ['micro', 'graphs', 'docs', 'health', '_-0', 'a'.repeat(64)]) {
      const response = await app.inject(`/${name}/api/health`)
      t.equal(response.statusCode, 200, name)
      t.equal(response.body, 'OK')
    }
  })

  t.test('gets errors that it can show', async (t) => {
    const { app } = await startServer(t)
    const { detail, ...body } = (await app.inject('/micro/api/graph/data')).json()
    t.match(body, {
      status: 404,
      code: 'TTA_NOT_FOUND',
      statusCode: 404,
      error: { code: 'TTA_NOT_FOUND', message: detail },
      message: detail,
    })
  })
})

t.test('health', async (t) => {
  t.test('live is 200 whatever the dependencies do', async (t) => {
    const check = async () => {
      throw tempoDown()
    }
    const { app } = await startServer(t, { source: { name: 'tempo', check } })
    t.equal((await app.inject('/health/live')).body, '{"live":true}')
  })

  t.test('ready names every dependency', async (t) => {
    const { app } = await startServer(t)
    const response = await app.inject('/health/ready')
    t.equal(response.statusCode, 200)
    t.same(response.json(), {
      ready: true,
      checks: [
        { kind: 'source', name: 'embedded', ok: true },
        { kind: 'sink', name: 'embedded', ok: true },
      ],
      warnings: [],
    })
  })

  t.test('ready is 503 with the reasons, even if a dependency never answers', async (t) => {
    const aborted: boolean[] = []
    const token = 'reader-0123456789'
    const tokens = new AcceptedTokens()
    const { app } = await startServer(t, {
      tokens,
      checkTimeoutMs: 20,
      source: {
        name: 'tempo',
        check: async () => {
          throw tempoDown()
        },
      },
      sinks: [
        {
          name: 'deaf',
          check: (signal) => {
            signal.addEventListener('abort', () => aborted.push(true))
            return new Promise(() => {})
          },
        },
        {
          name: 'broken',
          check: () => {
            throw new Error('password=s3cret')
          },
        },
      ],
    })
    const response = await app.inject('/health/ready')
    t.equal(response.statusCode, 503)
    t.same(response.json(), {
      ready: false,
      checks: [
        {
          kind: 'source',
          name: 'tempo',
          ok: false,
          code: 'TTA_TEMPO_UNAVAILABLE',
          reason: 'Tempo did not answer',
        },
        { kind: 'sink', name: 'deaf', ok: false, code: 'TTA_DEADLINE', reason: 'no answer within 20 ms' },
        { kind: 'sink', name: 'broken', ok: false, code: 'TTA_INTERNAL', reason: 'Internal error' },
      ],
      warnings: [],
    })
    t.same(aborted, [true])

    tokens.replace([
      { name: 'a', sha256: createHash('sha256').update(token).digest('hex'), scopes: ['read'] },
    ])
    const ask = async (headers: Record<string, string>) =>
      (await app.inject({ url: '/health/ready', headers })).json().checks
    t.same((await ask({ authorization: `Bearer ${token}` }))[0].reason, 'Tempo did not answer')
    for (const headers of [{}, { authorization: 'Bearer other' }]) {
      t.same(await ask(headers), [
        { kind: 'source', name: 'tempo', ok: false, code: 'TTA_TEMPO_UNAVAILABLE' },
        { kind: 'sink', name: 'deaf', ok: false, code: 'TTA_DEADLINE' },
        { kind: 'sink', name: 'broken', ok: false, code: 'TTA_INTERNAL' },
      ])
    }
  })
})

t.test('serves the documentation without internet access', async (t) => {
  const { app } = await startServer(t)
  const page = await app.inject('/docs')
  t.equal(page.statusCode, 200)
  t.notOk(/(src|href)="(https?:)?\/\//.test(page.body), 'no asset from elsewhere')
  for (const [, asset = ''] of page.body.matchAll(/(?:src|href)="([^"]+)"/g)) {
    t.equal((await app.inject(asset)).statusCode, 200, asset)
  }
  const document = (await app.inject('/openapi.json')).json()
  t.equal(document.openapi, '3.1.0')
  t.same(Object.keys(document.paths['/graphs/{name}']).sort(), ['delete', 'get'])
})
