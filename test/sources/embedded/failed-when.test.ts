import t from 'tap'
import { callsOf, startWithCase } from '../../support/reported-case.ts'

const statusCodes = '26-status-and-http-codes'

t.test('a call has failed by its status, at both levels, whatever its other attributes say', async (t) => {
  const { graphAt } = await startWithCase(t, statusCodes)
  const services = await graphAt({ level: 'service' })
  t.same(callsOf(services), ['web > item 4/1'])
  t.match(services.nodes, [
    { title: 'item', count: 4, failed: 0 },
    { title: 'web', count: 4, failed: 0 },
  ])
  t.same(callsOf(await graphAt({ level: 'operation' })), [
    'web: GET /a > web: GET 1/1',
    'web: GET /b > web: GET 1/0',
    'web: GET /c > web: GET 1/0',
    'web: GET /d > web: GET 1/0',
    'web: GET > item: GET /item 4/0',
  ])
})

t.test('codes of HTTP and gRPC decide, and those that are taken away have priority', async (t) => {
  const { graphAt } = await startWithCase(t, statusCodes)
  const failedWhen = 'http 500-599, http 404, grpc 14, not http 404'
  const services = await graphAt({ level: 'service', failedWhen })
  t.same(callsOf(services), ['web > item 4/2'])
  const term =
    '(status = error || (span.http.response.status_code >= 500 && span.http.response.status_code <= 599) || ' +
    '(span.http.status_code >= 500 && span.http.status_code <= 599) || ' +
    'span.http.response.status_code = 404 || span.http.status_code = 404 || ' +
    'span.rpc.response.status_code = "UNAVAILABLE" || span.rpc.grpc.status_code = 14) && ' +
    '!(span.http.response.status_code = 404 || span.http.status_code = 404)'
  t.match(services.nodes, [
    { title: 'item', failed: 2, traceqlFailed: `{ resource.service.name = "item" && ${term} }` },
    { title: 'web', failed: 1 },
  ])
  const [web, item] = ['{ resource.service.name = "web"', '{ resource.service.name = "item"']
  t.equal(
    services.edges[0]?.traceqlFailed,
    `(${web} } > ${item} && ${term} }) || (${web} && (kind = client || kind = producer) && ${term} } > ${item} })`,
  )
  t.same(callsOf(await graphAt({ level: 'operation', failedWhen })), [
    'web: GET /a > web: GET 1/0',
    'web: GET /b > web: GET 1/1',
    'web: GET /c > web: GET 1/0',
    'web: GET /d > web: GET 1/0',
    'web: GET > item: GET /item 4/2',
  ])
})

t.test('refuses codes that do not exist', async (t) => {
  const { app } = await startWithCase(t, statusCodes)
  const post = (failedWhen: string[]) =>
    app.inject({ method: 'POST', url: '/aggregate', payload: { failedWhen } })
  for (const [rule, message] of [
    ['http 599-500', 'http codes from 100 to 599 in ascending order'],
    ['http 99', 'http codes from 100 to 599 in ascending order'],
    ['grpc 17', 'grpc codes from 0 to 16 in ascending order'],
    ['http', 'must'],
  ] as const) {
    const answer = await post(['not http 404', rule])
    t.equal(answer.statusCode, 400)
    t.match(answer.json().errors, [{ message: new RegExp(message) }], rule)
  }
})
