import t from 'tap'
import { readDot, readMermaid, readXml } from '../support/export-parsers.ts'
import { documentOf, startServer } from '../support/server-stand-ins.ts'

const mediaTypes = {
  json: 'application/json',
  dot: 'text/vnd.graphviz',
  mermaid: 'text/vnd.mermaid',
  svg: 'image/svg+xml',
  csv: 'text/csv',
  graphml: 'application/graphml+xml',
}

t.test('sends every format, by ?format= and by Accept', async (t) => {
  const { app, put } = await startServer(t)
  await put(documentOf('micro'))
  for (const [format, mediaType] of Object.entries(mediaTypes)) {
    const asked = await app.inject(`/graphs/micro?format=${format}`)
    const negotiated = await app.inject({ url: '/graphs/micro', headers: { accept: mediaType } })
    for (const response of [asked, negotiated]) {
      t.equal(response.statusCode, 200)
      t.equal(response.headers['content-type'], `${mediaType}; charset=utf-8`)
      t.equal(response.headers.vary, 'accept, accept-encoding')
      t.equal(response.body, asked.body)
      t.ok(response.headers.etag)
    }
    const headers = { 'if-none-match': String(asked.headers.etag) }
    t.equal((await app.inject({ url: `/graphs/micro?format=${format}`, headers })).statusCode, 304)
  }
  const body = async (query: string) => (await app.inject(`/graphs/micro?${query}`)).body
  t.same(readDot(await body('format=dot')).nodes, ['a', 'b'])
  t.equal((await readMermaid(await body('format=mermaid'))).nodes.length, 2)
  t.equal([...readXml(await body('format=graphml')).querySelectorAll('node')].length, 2)
  t.equal(readXml(await body('format=svg')).documentElement.localName, 'svg')
  t.equal((await body('format=csv')).split('\r\n').length, 3, 'a header, an edge')
  t.equal((await body('format=csv&part=nodes')).split('\r\n').length, 4)
  t.equal(JSON.parse(await body('format=json')).nodes.length, 2)
  const svg = await app.inject('/graphs/micro?format=svg')
  t.match(svg.headers, {
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
  })
})

t.test('sends the format that Accept prefers, JSON if it accepts all, otherwise 406', async (t) => {
  const { app, put, calls } = await startServer(t)
  await put(documentOf('micro'))
  const answered = async (accept: string) => {
    const { statusCode, headers } = await app.inject({ url: '/graphs/micro', headers: { accept } })
    return statusCode === 200 ? String(headers['content-type']).split(';')[0] : statusCode
  }
  for (const [accept, expected] of [
    ['*/*', 'application/json'],
    ['', 'application/json'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'application/json'],
    ['image/avif,image/webp,image/svg+xml,image/*,*/*;q=0.8', 'image/svg+xml'],
    ['text/csv;q=0.5, text/vnd.graphviz;q=0.9', 'text/vnd.graphviz'],
    ['application/vnd.mermaid', 'application/vnd.mermaid'],
    ['application/json;q=0, text/csv', 'text/csv'],
    ['text/html', 406],
    ['application/problem+json', 406],
    ['image/png', 406],
  ] as const) {
    t.equal(await answered(accept), expected, accept)
  }
  const refused = await app.inject({ url: '/graphs/micro?filter=x', headers: { accept: 'image/png' } })
  t.match(refused.json(), {
    status: 406,
    code: 'TTA_NOT_ACCEPTABLE',
    title: 'Not Acceptable',
    available: [
      ...Object.values(mediaTypes).slice(0, 3),
      'application/vnd.mermaid',
      ...Object.values(mediaTypes).slice(3),
    ],
  })
  t.same(calls, [], 'nothing is built for it')
  const asked = await app.inject({ url: '/graphs/micro?format=dot', headers: { accept: 'image/png' } })
  t.equal(
    asked.headers['content-type'],
    'text/vnd.graphviz; charset=utf-8',
    'format has priority over Accept',
  )
})

t.test('combines a format with the shown part, a time and build parameters', async (t) => {
  const { app, put } = await startServer(t)
  const document = documentOf('micro')
  await put(document)
  const nodes = async (query: string) =>
    readDot((await app.inject(`/graphs/micro?format=dot&${query}`)).body).nodes
  t.same(await nodes('focus=cart&hops=0'), ['a'])
  t.equal((await nodes('max_nodes=1')).length, 1)
  t.same(await nodes('at=now&focus=db&hops=0'), ['b'])
  const built = (await app.inject('/graphs/micro?format=csv&part=nodes&filter=x')).body
  t.match(built, /preview/, 'a graph that is built for this answer')
  const [row] = document.nodes as [(typeof document.nodes)[number]]
  const many = Array.from({ length: 250 }, (_, at) => ({ ...row, id: `n${at}` }))
  await put({ ...document, nodes: many, edges: [] })
  const lines = async (query: string) =>
    (await app.inject(`/graphs/micro?${query}`)).body.match(/^ {2}n\d+/gm)?.length
  t.equal(await lines('format=mermaid'), 200, 'pictures have at most 200 nodes')
  t.equal(await lines('format=mermaid&max_nodes=1000'), 250, 'unless max_nodes is larger')
  t.equal((await nodes('')).length, 250, 'data has them all')
})

t.test('refuses invalid parameters with 400 and names the field', async (t) => {
  const { app, put } = await startServer(t)
  await put(documentOf('micro'))
  for (const [query, field] of [
    ['format=png', 'format'],
    ['format=dot&format=svg', 'format'],
    ['part=nodes', 'part'],
    ['format=dot&part=nodes', 'part'],
    ['format=csv&part=both', 'part'],
  ] as const) {
    const response = await app.inject(`/graphs/micro?${query}`)
    t.equal(response.statusCode, 400, query)
    t.match(response.json(), { errors: [{ field }] })
  }
  t.equal((await app.inject('/graphs/none?format=dot')).statusCode, 404)
  t.equal((await app.inject('/graphs/micro/nodes?format=csv')).statusCode, 400, 'the flat arrays are JSON')
})
