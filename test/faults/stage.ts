import { copyFileSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { InjectOptions } from 'fastify'
import type { Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/file/load.ts'
import type { GraphDocument } from '../../src/model/graph-document.ts'
import { createLogger } from '../../src/operations/logger.ts'
import { HistoryFile } from '../../src/sinks/history/history-file.ts'
import { createNodegraphProviderSink } from '../../src/sinks/nodegraph-provider/provider-sink.ts'
import { createTempoSource } from '../../src/sources/tempo/tempo-source.ts'
import { providerOptions } from '../../src/wiring/sinks.ts'
import { tempoOptions } from '../../src/wiring/sources.ts'
import { edgeFields, nodeFields } from '../support/nodegraph-provider/provider-setup.ts'
import {
  type ProviderStandIn,
  startProviderStandIn,
} from '../support/nodegraph-provider/provider-stand-in.ts'
import { fragmentOf } from '../support/tempo/stored-trace.ts'
import { type StandInOptions, startTempo, type TempoStandIn } from '../support/tempo/tempo-stand-in.ts'

export const epochMs = 1_700_000_000_000
/** The window of every build: 16 s, long ago. */
export const asked = { from: epochMs, to: epochMs + 16_000, useTagAsNode: false }
const nowMs = epochMs + 7_200_000

/** Traces in which front calls back once, so the graph has as many calls. */
const calls = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    fragmentOf(index + 1, epochMs, [
      { id: 1, service: 'front', atMs: index * 400, ms: 3 },
      { id: 2, parent: 1, service: 'back', atMs: index * 400 + 1, ms: 1 },
    ]),
  )
const callsOf = { old: 3, new: 40 }
export const traces = { old: calls(callsOf.old), new: calls(callsOf.new) }

/** The last good graph, the new graph, an empty graph, or no graph. */
export type Holding = 'old' | 'new' | 'cleared' | 'none'

const holdingOf = (edges: number[]): string => {
  const [name] = Object.entries(callsOf).find(([, count]) => edges.length === 1 && edges[0] === count) ?? []
  return name ?? (edges.length === 0 ? 'cleared' : `another graph: ${edges} calls`)
}
const inDocument = (document: Pick<GraphDocument, 'edges'> | undefined): string =>
  document ? holdingOf(document.edges.map(({ count }) => count)) : 'none'

/** The graph that the provider returns. */
export function heldBy(provider: ProviderStandIn, graph = 'micro'): string {
  const held = provider.held(graph)
  return held ? holdingOf(held.edges.map((edge) => Number(edge.split(': ')[1]))) : 'none'
}

/** The last graph that `get` returns. */
export async function heldBehind(get: (path: string) => Promise<{ status: number; body: unknown }>) {
  const { status, body } = await get('/graphs/micro')
  return status === 404 ? 'none' : inDocument(body as GraphDocument)
}

/** The graph that a tta started now would find. */
export function keptIn(path: string): string {
  const file = new HistoryFile({ path, maxBuilds: 50, maxAgeMs: 1e15, busyTimeoutMs: 5000 })
  try {
    const documents = file.last().documents.map((text) => JSON.parse(text) as GraphDocument)
    return inDocument(documents.find(({ name }) => name === 'micro'))
  } finally {
    file.close()
  }
}

export interface Stage {
  tempo: TempoStandIn
  provider: ProviderStandIn
  /** File of the history. */
  path: string
  /** The time of a tta in this process. */
  clock: { nowMs: number }
  /** A configuration that uses every part. */
  config(some?: Record<string, object>): string
}

const fields = { nodes: nodeFields, edges: edgeFields }

async function emptyStage(t: Test, some: Partial<StandInOptions>): Promise<Stage> {
  const tempo = await startTempo({ fragments: traces.new, ...some })
  const provider = await startProviderStandIn({ micro: fields, other: fields })
  t.teardown(() => Promise.all([tempo.close(), provider.close()]))
  const path = join(mkdtempSync(join(tmpdir(), 'tta-faults-')), 'history.db')
  const config: Stage['config'] = (more = {}) =>
    JSON.stringify({
      ...more,
      server: { port: 0 },
      tempo: { url: tempo.url, pad_sec: 0, ...more.tempo },
      nodegraph_provider: { url: provider.url, retries: 2, ...more.nodegraph_provider },
      history: { path },
    })
  return { tempo, provider, path, clock: { nowMs }, config }
}

/** The old graph as the provider has it, and the file with its build. */
let old: { nodes: []; edges: []; path: string } | undefined

async function buildOld(t: Test): Promise<NonNullable<typeof old>> {
  const { provider, path, config } = await emptyStage(t, { fragments: traces.old })
  const { post, close } = await serve(config())
  const { status } = await post()
  const rows = (await (await fetch(`${provider.url}/micro/api/graph/data`)).json()) as {
    nodes: []
    edges: []
  }
  await close()
  if (status !== 200) throw new Error('the old graph cannot be built')
  return { ...rows, path }
}

/** A Tempo with the new traces, and the old graph in every store. */
export async function setStage(t: Test, some: Partial<StandInOptions> = {}): Promise<Stage> {
  old ??= await buildOld(t)
  const stage = await emptyStage(t, some)
  copyFileSync(old.path, stage.path)
  stage.provider.seed('micro', structuredClone(old.nodes), structuredClone(old.edges))
  return stage
}

/** Starts tta in this process, with retries that do not wait. */
export async function serve(text: string, clock = { nowMs }) {
  const now = () => clock.nowMs
  const config = loadConfig({ text, env: {} })
  const lines: string[] = []
  const logger = createLogger('info', { write: (line) => void lines.push(line) })
  const [tempo, provider] = [tempoOptions(config), providerOptions(config)]
  if (!tempo || !provider) throw new Error('needs both')
  const { app, close } = await buildApp(config, {
    source: createTempoSource({ ...tempo, now, retryDelayMs: 1 }),
    providerSink: createNodegraphProviderSink({ ...provider, log: logger, retryDelayMs: 1 }),
    logger,
    now,
  })
  await app.ready()
  const answered = async (request: InjectOptions) => {
    const response = await app.inject(request)
    const isJson = /json/.test(String(response.headers['content-type']))
    return { status: response.statusCode, body: isJson ? response.json() : response.body }
  }
  return {
    get: (url: string) => answered({ url }),
    post: (payload: object = {}) =>
      answered({ method: 'POST', url: '/aggregate', payload: { graph: 'micro', ...asked, ...payload } }),
    log: () => lines.map((line) => JSON.parse(line) as { level: number; msg: string }),
    close,
  }
}
