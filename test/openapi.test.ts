import { readFileSync } from 'node:fs'
import t from 'tap'
import { buildApp } from '../src/app.ts'
import { defaultConfig } from '../src/config/file/load.ts'
import { openapiText } from '../src/http/server/openapi-document.ts'
import { createLogger } from '../src/operations/logger.ts'

t.test('openapi/tta.json', async (t) => {
  const { app, close } = await buildApp(defaultConfig(), { logger: createLogger('silent') })
  t.teardown(close)
  const text = await openapiText(app)
  const committed = readFileSync(new URL('../openapi/tta.json', import.meta.url), 'utf8')

  t.test('matches the routes', async (t) => {
    t.ok(committed === text, 'openapi/tta.json is up to date; if not, run `npm run openapi` and commit it')
  })

  t.test('describes every route with its id, summary and errors', async (t) => {
    const { paths } = JSON.parse(text) as { paths: Record<string, Record<string, Operation>> }
    const ids = new Set<string>()
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        const { operationId = '', summary, tags, responses } = operation
        t.ok(operationId && summary && tags?.length, `${method} ${path}`)
        t.notOk(ids.has(operationId), 'the operationId is its own')
        ids.add(operationId)
        t.notOk(JSON.stringify(responses).includes('Default Response'), 'every answer has a description')
        t.ok(Object.keys(responses).some((status) => status.startsWith('4')))
      }
    }
  })

  t.test('contains every path of the API', async (t) => {
    t.same(Object.keys(JSON.parse(text).paths), [
      '/-/reload',
      '/aggregate',
      '/graphs',
      '/graphs/{name}',
      '/graphs/{name}/diff',
      '/graphs/{name}/diff/edges',
      '/graphs/{name}/diff/nodes',
      '/graphs/{name}/edges',
      '/graphs/{name}/explain',
      '/graphs/{name}/history',
      '/graphs/{name}/nodes',
      '/graphs/{name}/report',
      '/health/live',
      '/health/ready',
      '/jobs',
      '/jobs/{id}',
      '/jobs/{id}/events',
      '/metrics',
      '/schedules',
      '/v1/traces',
      '/webhooks/alerts',
      '/{graph}/api/graph/data',
      '/{graph}/api/graph/fields',
      '/{graph}/api/health',
    ])
  })
})

interface Operation {
  operationId?: string
  summary?: string
  tags?: string[]
  responses: Record<string, unknown>
}
