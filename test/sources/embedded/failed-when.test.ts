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
