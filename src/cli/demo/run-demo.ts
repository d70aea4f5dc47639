import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import got from 'got'
import { TtaError } from '../../base/errors.ts'
import type { Config } from '../../config/config.ts'
import { loadConfig } from '../../config/file/load.ts'
import type { GraphDocument } from '../../model/graph-document.ts'
import type { AggregationParameters } from '../../model/parameters.ts'
import type { AggregationSummary } from '../../model/summary.ts'
import { sendShop } from './send-shop.ts'
import { shopSpans } from './shop.ts'
import { ShopExporter } from './shop-exporter.ts'

const graph = 'shop'
/** An alert named HighLatency builds a separate graph with the traces of its service. */
const alertRules = JSON.stringify([
  {
    name: 'latency',
    match: { alertname: 'HighLatency' },
    graph: 'shop-alert',
    filter: '^{{ labels.service }}$',
  },
])
const seed = 2025
const firstTraces = 300
const minuteMs = 60_000
const defaultPort = 8080

export interface RunDemoOptions {
  /** @default 8080, or any free port if 8080 is in use */
  port: number | undefined
  /** Base URL of an OTLP receiver that gets the traces. @default tta in this process */
  to?: string | undefined
  /** Whether to end after the first graph. */
  once: boolean
  signal: AbortSignal
  print(line: string): void
  /** Formats a graph as text. */
  show(document: GraphDocument): string
  buildApp(config: Config): Promise<{ app: FastifyInstance; close(): Promise<void> }>
  /** Time between two batches of traces, ms. @default 1000 */
  secondMs?: number
}

/**
 * Runs tta with its embedded source and store, sends it traces of the shop through OpenTelemetry SDKs, builds a graph and
 * shows it. Then sends traces every second and builds a graph every ten seconds, until the signal.
 *
 * @throws {Error} if the port is in use, spans are lost, or a request to tta fails
 */
export async function runDemo(options: RunDemoOptions): Promise<void> {
  const { port, to, once, signal, print, show, buildApp } = options
  if (to !== undefined) return sendShop({ url: to, once, signal, print, secondMs: options.secondMs })
  // The demo ignores files and the environment, so that it is the same everywhere.
  const overrides = { graph: { name: graph }, log: { level: 'error' }, webhooks: { rules: alertRules } }
  const config = loadConfig({ env: {}, overrides })
  const { app, close } = await buildApp(config)
  let exporter: ShopExporter | undefined
  try {
    const { url, defaultPortInUse } = await listen(app, port)
    if (defaultPortInUse) print('Port 8080 is in use: listening on a free port.')
    const client = new TtaClient(url, signal)
    exporter = new ShopExporter(url)

    const nowMs = Date.now()
    const spans = shopSpans({ seed, traces: firstTraces, fromMs: nowMs - 5 * minuteMs, toMs: nowMs - 10_000 })
    print(`Sending ${firstTraces} traces (${spans.length} spans) of a shop to ${url}/v1/traces ...`)
    await exporter.send(spans)
    print(`Building the graph: POST ${url}/aggregate\n`)
    const { read } = await client.aggregate({ from: 'now-15m' })
    if (read.spans < spans.length) throw spansLost(spans.length, read)
    print(show(await client.graph(graph)))
    if (once) return

    for (const line of nextSteps(url)) print(line)
    await keepSending(client, exporter, options)
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    await exporter?.close()
    await close()
  }
}

function nextSteps(url: string): string[] {
  return [
    'Open in a browser:',
    `  ${url}                      page with the graph`,
    `  ${url}/docs                 API documentation, to try out`,
    `  ${url}/graphs/${graph}          graph with its summary as JSON`,
    `  ${url}/${graph}/api/graph/data  graph for the Node graph panel of Grafana`,
    '',
    'New traces every second, a new graph every 10 s. Press Ctrl-C to stop.',
  ]
}

function spansLost(sent: number, read: { traces: number; spans: number }): TtaError {
  const all = `${firstTraces} traces (${sent} spans)`
  const some = `${read.traces} traces (${read.spans} spans)`
  return new TtaError('TTA_INTERNAL', `The demo sent ${all}, but only ${some} were read`)
}

async function keepSending(
  client: TtaClient,
  exporter: ShopExporter,
  options: RunDemoOptions,
): Promise<void> {
  const { signal, print, secondMs = 1000 } = options
  for (let second = 1; ; second++) {
    await sleep(secondMs, undefined, { signal })
    const toMs = Date.now()
    await exporter.send(shopSpans({ seed: seed + second, traces: 3, fromMs: toMs - 1000, toMs }))
    if (second % 10 !== 0) continue
    const { status, read, built, phasesMs, builtAt } = await client.aggregate({ from: 'now-15m' })
    print(
      `${builtAt}  ${status}: ${read.traces} traces, ${read.spans} spans, ` +
        `${built.nodes} nodes, ${built.edges} edges, ${Math.round(phasesMs.total)} ms`,
    )
  }
}

/** Client of the HTTP API, as a script would use it. */
class TtaClient {
  private readonly http: typeof got

  /** @param url base URL without trailing slash */
  constructor(url: string, signal: AbortSignal) {
    this.http = got.extend({ prefixUrl: url, signal, retry: { limit: 0 } }) as typeof got
  }

  /** @throws {HTTPError} */
  async aggregate(parameters: AggregationParameters): Promise<AggregationSummary> {
    return this.http.post('aggregate', { json: parameters, headers: { prefer: 'wait=300' } }).json()
  }

  /** @throws {HTTPError} */
  async graph(name: string): Promise<GraphDocument> {
    return this.http.get(`graphs/${name}`).json()
  }
}

/**
 * Listens on loopback. A given port is the only choice; otherwise it tries port 8080, then any free port.
 *
 * @returns the base URL, and whether the default port was in use
 * @throws {Error} if the given port is in use
 */
async function listen(
  app: FastifyInstance,
  port: number | undefined,
): Promise<{ url: string; defaultPortInUse: boolean }> {
  const host = '127.0.0.1'
  try {
    return { url: await app.listen({ host, port: port ?? defaultPort }), defaultPortInUse: false }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (port !== undefined || (code !== 'EADDRINUSE' && code !== 'EACCES')) throw error
    return { url: await app.listen({ host, port: 0 }), defaultPortInUse: true }
  }
}
