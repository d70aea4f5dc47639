import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { TtaError } from '../../base/errors.ts'
import type { Config } from '../../config/config.ts'
import { loadConfig } from '../../config/file/load.ts'
import type { GraphDocument } from '../../model/graph-document.ts'
import { listen } from './listen.ts'
import { sendShop } from './send-shop.ts'
import { shopSpans } from './shop.ts'
import { ShopExporter } from './shop-exporter.ts'
import { TtaClient } from './tta-client.ts'

const graph = 'shop'
/** An alert called HighLatency has the traces of its service in a graph of their own. */
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
const minute = 60_000

export interface RunDemoOptions {
  /** Absent: 8080, or another where that is taken. */
  port: number | undefined
  /** Where the traces go in place of a tta of its own: base URL of an OTLP receiver. */
  to?: string | undefined
  /** Ends after the first graph. */
  once: boolean
  signal: AbortSignal
  print(line: string): void
  /** A graph in words. */
  show(document: GraphDocument): string
  buildApp(config: Config): Promise<{ app: FastifyInstance; close(): Promise<void> }>
  /** From one second of the shop to the next, ms. @default 1000 */
  secondMs?: number
}

/**
 * Runs tta on its embedded source and store, sends it traces of the shop through OpenTelemetry SDKs, has a graph built and shows it;
 * then goes on with a few traces a second and a graph every ten, until the signal.
 *
 * @throws {Error} the port is taken, spans got lost on the way, or tta does not do what it should
 */
export async function runDemo(options: RunDemoOptions): Promise<void> {
  const { port, to, once, signal, print, show, buildApp } = options
  if (to !== undefined) return sendShop({ url: to, once, signal, print, secondMs: options.secondMs })
  // Neither a file nor the environment: the demo is the same everywhere.
  const overrides = { graph: { name: graph }, log: { level: 'error' }, webhooks: { rules: alertRules } }
  const config = loadConfig({ env: {}, overrides })
  const { app, close } = await buildApp(config)
  let exporter: ShopExporter | undefined
  try {
    const { url, elsewhere } = await listen(app, port)
    if (elsewhere) print('Port 8080 is taken: listening on a free one.')
    const client = new TtaClient(url, signal)
    exporter = new ShopExporter(url)

    const nowMs = Date.now()
    const spans = shopSpans({ seed, traces: firstTraces, fromMs: nowMs - 5 * minute, toMs: nowMs - 10_000 })
    print(`Sending ${firstTraces} traces (${spans.length} spans) of a shop to ${url}/v1/traces ...`)
    await exporter.send(spans)
    print(`Building the graph: POST ${url}/aggregate\n`)
    const { read } = await client.aggregate({ from: 'now-15m' })
    if (read.spans < spans.length) throw spansLost(spans.length, read)
    print(show(await client.graph(graph)))
    if (once) return

    print(`Look at it:
  ${url}                      the graph, on a page
  ${url}/docs                 the API, to try out
  ${url}/graphs/${graph}          the graph with its summary
  ${url}/${graph}/api/graph/data  the same for Grafana's node graph panel

New traces every second, a new graph every 10 s. Ctrl-C ends it.`)
    await goOn(client, exporter, options)
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    await exporter?.close()
    await close()
  }
}

function spansLost(sent: number, read: { traces: number; spans: number }): TtaError {
  const all = `${firstTraces} traces (${sent} spans)`
  const some = `${read.traces} traces (${read.spans} spans)`
  return new TtaError('TTA_INTERNAL', `Of the ${all} that the demo sent, only ${some} were read`)
}

async function goOn(client: TtaClient, exporter: ShopExporter, options: RunDemoOptions): Promise<void> {
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
