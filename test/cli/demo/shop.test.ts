import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import { buildApp } from '../../../src/app.ts'
import { randomId, seededRandom } from '../../../src/cli/demo/random.ts'
import { type RunDemoOptions, runDemo } from '../../../src/cli/demo/run-demo.ts'
import { shopSpans } from '../../../src/cli/demo/shop.ts'
import { SpanKind } from '../../../src/cli/demo/trace-recorder.ts'
import { summaryReport } from '../../../src/cli/summary-report.ts'
import { defaultConfig } from '../../../src/config/file/load.ts'
import type { GraphDocument } from '../../../src/model/graph-document.ts'

const hour = { fromMs: 1_700_000_000_000, toMs: 1_700_003_600_000 }

t.test('creates equal spans from equal seeds, and others from another seed', async (t) => {
  const spans = shopSpans({ seed: 7, traces: 50, ...hour })
  t.same(shopSpans({ seed: 7, traces: 50, ...hour }), spans)
  t.not(shopSpans({ seed: 8, traces: 50, ...hour })[0]?.traceId, spans[0]?.traceId)
  const random = seededRandom(1)
  const numbers = Array.from({ length: 10_000 }, random)
  t.ok(numbers.every((number) => number >= 0 && number < 1))
  const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length
  t.ok(Math.abs(mean - 0.5) < 0.02, `mean ${mean}`)
  t.match(randomId(random, 16), /^[0-9a-f]{32}$/)
})

t.test('creates complete traces: one root, parents that enclose or precede, unique ids', async () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const spans = shopSpans({ seed, traces: 20, ...hour })
      const byId = new Map(spans.map((span) => [span.spanId, span]))
      const roots = spans.filter(({ parentSpanId }) => parentSpanId === '')
      return (
        byId.size === spans.length &&
        roots.length === 20 &&
        new Set(spans.map(({ traceId }) => traceId)).size === 20 &&
        spans.every((span) => {
          const parent = byId.get(span.parentSpanId)
          if (parent === undefined) return span.parentSpanId === '' && span.startMs >= hour.fromMs
          const consumed = span.kind === SpanKind.consumer
          const timely = consumed ? span.startMs >= parent.endMs : span.endMs <= parent.endMs
          return parent.traceId === span.traceId && span.startMs >= parent.startMs && timely
        }) &&
        spans.every(({ startMs, endMs }) => endMs >= startMs && endMs < hour.toMs + 60_000)
      )
    }),
    { numRuns: 30 },
  )
})

t.test('simulates everything that a graph should show', async (t) => {
  const traces = 2000
  const spans = shopSpans({ seed: 3, traces, ...hour })
  const services = new Set(spans.map(({ service }) => service))
  t.ok(services.size >= 8, [...services].join(', '))
  const kinds = new Set(spans.map(({ kind }) => kind))
  for (const kind of ['server', 'client', 'producer', 'consumer'] as const)
    t.ok(kinds.has(SpanKind[kind]), kind)

  const values = (key: string) => new Set(spans.flatMap(({ attributes }) => attributes[key] ?? []))
  t.same([...values('db.system.name')].sort(), ['postgresql', 'redis'])
  t.same([...values('messaging.system')], ['rabbitmq'])
  t.ok(values('server.address').has('api.payments.example'), 'an external provider')

  const failedTraces = new Set(spans.filter(({ error }) => error !== undefined).map(({ traceId }) => traceId))
  const failedShare = failedTraces.size / traces
  t.ok(failedShare > 0.01 && failedShare < 0.06, `${failedShare} of the traces have an error`)
  const slowShare = spans.filter(({ startMs, endMs }) => endMs - startMs > 40).length / spans.length
  t.ok(slowShare > 0.02 && slowShare < 0.3, `${slowShare} of the spans are slow`)

  const calls = new Map<string, number>()
  for (const { name, parentSpanId } of spans) {
    const key = `${name} ${parentSpanId}`
    calls.set(key, (calls.get(key) ?? 0) + 1)
  }
  const most = (name: string) =>
    Math.max(...[...calls].flatMap(([key, n]) => (key.startsWith(name) ? [n] : [])))
  t.equal(most('SELECT prices'), 12, 'one page runs twelve queries')
  t.equal(most('POST /v1/charges'), 3, 'a payment is attempted three times')
})

async function demo(options: Partial<RunDemoOptions> = {}) {
  const printed: string[] = []
  let shown: GraphDocument | undefined
  await runDemo({
    port: 0,
    once: true,
    signal: new AbortController().signal,
    print: (line) => void printed.push(line),
    show: (document) => {
      shown = document
      return summaryReport(document.summary, document, { width: 120, paint: (_, text) => text })
    },
    buildApp,
    ...options,
  })
  if (shown === undefined) throw new Error('the demo shows a graph')
  return { printed, shown }
}

t.test('sends, builds and shows; counts every trace and span that was sent', async (t) => {
  const { printed, shown } = await demo()
  const sent = Number(/\((\d+) spans\)/.exec(printed.join('\n'))?.[1])
  t.match(shown.summary, {
    graph: 'shop',
    status: 'complete',
    read: { traces: 300, spans: sent, incomplete: 0 },
    spans: { counted: sent, roots: 300, orphans: 0, duplicates: 0, cycles: 0, skewed: 0 },
    sinks: [{ sink: 'embedded', state: 'stored' }],
    warnings: [],
  })
  const tagNodes = shown.nodes.filter(({ detail__role }) => detail__role === 'tag')
  t.equal(tagNodes.length, 10, 'ten services')
  const failed = shown.nodes.reduce((sum, node) => sum + node.failed, 0)
  t.ok(failed > 0, `${failed} failed`)
  t.match(printed.join('\n'), /^CALLER/m)
})

/** Sets variables while `run` runs. */
async function withEnvironment<T>(variables: Record<string, string>, run: () => Promise<T>): Promise<T> {
  Object.assign(process.env, variables)
  try {
    return await run()
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name]
  }
}

t.test('ignores telemetry settings of the environment', async (t) => {
  const variables = {
    OTEL_SDK_DISABLED: 'true',
    OTEL_TRACES_SAMPLER: 'always_off',
    OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '1',
    OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '2',
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1',
    OTEL_BSP_EXPORT_TIMEOUT: '1',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:9/',
    OTEL_EXPORTER_OTLP_TIMEOUT: '1',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_EXPORTER_OTLP_HEADERS: 'content-encoding=br',
    OTEL_RESOURCE_ATTRIBUTES: 'service.name=other',
  }
  const { printed, shown } = await withEnvironment(variables, async () => {
    const answer = await demo()
    t.match(process.env, variables, 'the environment is unchanged')
    return answer
  })
  const sent = Number(/\((\d+) spans\)/.exec(printed.join('\n'))?.[1])
  t.match(shown.summary, { status: 'complete', read: { traces: 300, spans: sent } })
  t.equal(shown.nodes.filter(({ detail__role }) => detail__role === 'tag').length, 10, 'ten services')
})

t.test('reports spans that were lost or could not be sent', async (t) => {
  const small: RunDemoOptions['buildApp'] = (config) =>
    buildApp({ ...config, embedded: { ...config.embedded, max_bytes: 100_000 } })
  await t.rejects(demo({ buildApp: small }), {
    name: 'TtaError',
    message: /^The demo sent 300 traces \(\d+ spans\), but only \d+ traces \(\d+ spans\) were read$/,
  })

  const refusing: RunDemoOptions['buildApp'] = (config) =>
    buildApp({ ...config, embedded: { ...config.embedded, body_limit_bytes: 1000 } })
  await t.rejects(demo({ buildApp: refusing }), {
    name: 'TtaError',
    message: /^Sending the traces of the shop failed: .+/,
  })
})

t.test('sends new traces and builds new graphs until the signal', async (t) => {
  const stop = new AbortController()
  const lines: string[] = []
  const print = (line: string) => {
    lines.push(line)
    if (/^\d{4}-.* complete: \d+ traces/.test(line)) stop.abort()
  }
  await demo({ once: false, signal: stop.signal, print, secondMs: 5 })
  t.match(lines.join('\n'), /\/docs .*\n.*\/graphs\/shop .*\n.*\/shop\/api\/graph\/data /)
  const rebuilt = Number(/: (\d+) traces/.exec(lines.at(-1) ?? '')?.[1])
  t.equal(rebuilt, 330, '300 at first, and three in each of ten seconds')
})

t.test('uses only a given port, but may replace the default port', async (t) => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  t.teardown(() => other.close())
  const { port } = other.address() as AddressInfo
  await t.rejects(demo({ port }), { code: 'EADDRINUSE' })

  // The demo starts even if port 8080 is in use.
  const holder = createServer()
  const held = await new Promise<boolean>((resolve) => {
    holder.once('error', () => resolve(false))
    holder.listen(8080, '127.0.0.1', () => resolve(true))
  })
  t.teardown(() => holder.close())
  t.comment(held ? 'holding 8080' : 'another program holds 8080')
  const { printed } = await demo({ port: undefined })
  t.equal(printed[0], 'Port 8080 is in use: listening on a free port.')
  t.notMatch(printed.join('\n'), ':8080/')
})

t.test('sends the traces to another receiver, and retries one that does not answer yet', async (t) => {
  const port = await freePort()
  const stop = new AbortController()
  const printed: string[] = []
  let server: Awaited<ReturnType<typeof buildApp>> | undefined
  const print = async (line: string) => {
    printed.push(line)
    if (printed.length > 1) return stop.abort()
    // The demo reported that the receiver does not answer; now it starts.
    server = await buildApp({ ...defaultConfig(), log: { level: 'silent' } })
    await server.app.listen({ host: '127.0.0.1', port })
  }
  t.teardown(() => server?.close())
  const to = `http://127.0.0.1:${port}`
  const options = {
    port: undefined,
    to,
    once: false,
    signal: stop.signal,
    print,
    show: () => '',
    buildApp,
    secondMs: 20,
  }
  await runDemo(options)
  t.match(printed, [
    /^Sending the traces of the shop failed: .*; retrying$/,
    `Sending the traces of a shop to ${to}/v1/traces. Press Ctrl-C to stop.`,
  ])
  const summary = (await server?.app.inject({ method: 'POST', url: '/aggregate' }))?.json()
  t.ok(summary.read.traces >= 300, String(summary.read.traces))
  await t.rejects(
    runDemo({
      ...options,
      to: `http://127.0.0.1:${await freePort()}`,
      once: true,
      signal: new AbortController().signal,
    }),
    { code: 'TTA_INTERNAL' },
  )
})

/** Returns a free port of this machine. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
