import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import t from 'tap'
import { buildApp } from '../../../src/app.ts'
import { loadConfig } from '../../../src/config/file/load.ts'
import { createLogger } from '../../../src/operations/logger.ts'
import { isTelemetryEnabled } from '../../../src/operations/telemetry/enabled.ts'

t.test('enables telemetry if the standard variables set an endpoint or the exporter', async (t) => {
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }
  const cases: [env: NodeJS.ProcessEnv, wanted: boolean][] = [
    [{}, false],
    [{ OTEL_SERVICE_NAME: 'tta' }, false],
    [endpoint, true],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://collector:4318/v1/traces' }, true],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: '' }, false],
    [{ OTEL_TRACES_EXPORTER: 'otlp' }, true],
    [{ ...endpoint, OTEL_TRACES_EXPORTER: 'none' }, false],
    [{ ...endpoint, OTEL_SDK_DISABLED: 'TRUE' }, false],
  ]
  for (const [env, wanted] of cases) t.equal(isTelemetryEnabled(env), wanted, JSON.stringify(env))
})

t.test('traces a build: the build, its read, and the requests to Tempo', async (t) => {
  const { app, close } = await buildApp(loadConfig({ env: {} }), { logger: createLogger('silent') })
  t.teardown(close)
  const collector = await app.listen({ port: 0, host: '127.0.0.1' })
  const tempo = createServer((_request, response) => response.writeHead(401).end('no'))
  await new Promise<void>((listening) => tempo.listen(0, '127.0.0.1', listening))
  t.teardown(() => tempo.close())

  const child = spawn(process.execPath, [resolve('dist/main.js'), '--quiet'], {
    cwd: t.testdir({}),
    env: {
      PATH: process.env.PATH ?? '',
      TTA_TEMPO_URL: `http://127.0.0.1:${(tempo.address() as AddressInfo).port}`,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector,
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    },
  })
  const [status] = await once(child, 'close')
  t.equal(status, 1, 'Tempo refused')

  const built = await app.inject({ method: 'POST', url: '/aggregate', payload: { useTagAsNode: false } })
  t.match(built.json(), { read: { traces: 1 }, spans: { orphans: 0, roots: 1 } }, built.body)
  const { nodes, edges } = (await app.inject('/graphs/micro')).json()
  const name = (id: string) => nodes.find((node: { id: string }) => node.id === id).subTitle
  const calls = edges.map(
    ({ source, target }: Record<string, string>) => `${name(source ?? '')} > ${name(target ?? '')}`,
  )
  t.ok(calls.includes('build > read'), calls.join(', '))
  t.ok(calls.some((call: string) => call.startsWith('read > GET /api/')))
  for (const { title, subTitle, failed } of nodes) {
    t.equal(title, 'tta')
    if (subTitle === 'build' || subTitle === 'read') t.equal(failed, 1, `${subTitle} failed`)
  }
})
