import { readFileSync } from 'node:fs'
import { TtaError } from '../../src/base/errors.ts'
import { seededRandom } from '../../src/cli/demo/random.ts'
import { StringTable } from '../../src/graph/columns/string-table.ts'
import type { Graph } from '../../src/graph/graph.ts'
import { GraphBuilder } from '../../src/graph/graph-builder.ts'
import { SpanTable } from '../../src/graph/spans/span-table.ts'
import { toNodeGraph } from '../../src/node-graph/node-graph.ts'
import { createEmbeddedSource } from '../../src/sources/embedded/embedded-source.ts'
import { EmbeddedStore } from '../../src/sources/embedded/embedded-store.ts'
import { jsonToProtobuf } from '../../src/sources/otlp/json-to-protobuf.ts'
import { ProtobufError } from '../../src/sources/protobuf/protobuf-reader.ts'
import { tagSelector } from '../../src/sources/tag-selector.ts'
import { TempoAnswerError } from '../../src/sources/tempo/client/tempo-errors.ts'
import { SearchDecoder } from '../../src/sources/tempo/decode/decode-search.ts'
import { decodeSearchJson } from '../../src/sources/tempo/decode/decode-search-json.ts'
import { decodeTraceById } from '../../src/sources/tempo/decode/decode-trace-by-id.ts'
import { mutatedBytes, mutatedJson } from './mutations.ts'

const recorded = new URL('../recorded/', import.meta.url)
const bytesOf = (file: string): Uint8Array => readFileSync(new URL(file, recorded))

interface OtlpJson {
  resourceSpans: object[]
}

/** Requests of one resource each: small ones are changed in more telling places. */
const requests = ['input.otlp.json', 'peers.otlp.json'].flatMap((file) => {
  const { resourceSpans } = JSON.parse(Buffer.from(bytesOf(file)).toString()) as OtlpJson
  return resourceSpans.map((resource) => ({ resourceSpans: [resource] }))
})
const requestBytes = requests.map((request) => jsonToProtobuf(request))
const versions = ['tempo-3.0.3', 'tempo-2.10.7']
const answers = versions.flatMap((version) =>
  ['search-by-ids.pb', 'search-peers.pb', 'search-bulk.pb', 'search-none.pb'].map((file) =>
    bytesOf(`${version}/${file}`),
  ),
)
const traces = versions.flatMap((version) =>
  ['server-error', 'messaging-same-trace', 'http-happy-path', 'awkward-names'].map((name) =>
    bytesOf(`${version}/trace-v2-${name}.pb`),
  ),
)
const found = {
  traces: [
    {
      traceID: '2f3e0cee77ae5dc9c17ade3689eb2e54',
      rootServiceName: 'a',
      startTimeUnixNano: '1684778327699392724',
    },
    { traceID: 'f3e0cee77ae5dc9c17ade3689eb2e54', durationMs: 557, spanSets: [{ spans: [], matched: 1 }] },
  ],
  metrics: { inspectedBytes: '630188', completedJobs: 3, totalJobs: 3 },
}

export interface Tally {
  bodies: number
  /** Not decodable, and so refused as a whole. */
  refused: number
  accepted: number
  /** Spans in graphs. */
  spans: number
  /** Spans that were refused one by one. */
  rejected: number
  slowestMs: number
}

type Level = 'operation' | 'service' | 'both'
const levels: Level[] = ['operation', 'service', 'both']

/**
 * Feeds `count` mutated bodies of each kind to what reads them in earnest.
 *
 * @throws {Error} anything but a refusal, or a graph that breaks a law; the message has kind, seed and number
 */
export async function fuzzBodies(count: number, seed: number): Promise<Record<string, Tally>> {
  const tallies: Record<string, Tally> = {}
  for (const [kind, fuzz] of Object.entries(kinds)) {
    const tally = { bodies: 0, refused: 0, accepted: 0, spans: 0, rejected: 0, slowestMs: 0 }
    tallies[kind] = tally
    for (let number = 0; number < count; number++) {
      const random = seededRandom(Math.imul(seed + 1, 0x9e3779b1) + number)
      const startedAt = performance.now()
      try {
        await fuzz(random, tally)
        tally.accepted++
      } catch (error) {
        if (!isRefusal(error)) throw new Error(`${kind}, seed ${seed}, body ${number}`, { cause: error })
        tally.refused++
      }
      tally.bodies++
      tally.slowestMs = Math.max(tally.slowestMs, performance.now() - startedAt)
    }
  }
  return tallies
}

/** Whether an error becomes a 400, or a 502 that blames Tempo. */
function isRefusal(error: unknown): boolean {
  if (error instanceof TtaError) return error.code === 'TTA_BAD_REQUEST'
  return error instanceof ProtobufError || error instanceof TempoAnswerError || error instanceof SyntaxError
}

const pick = <T>(random: () => number, values: readonly T[]): T =>
  values[Math.floor(random() * values.length)] as T

/** A random projection of spans. */
const wants = (random: () => number) => ({
  peers: random() < 0.5,
  sampling: random() < 0.5 ? ({ scope: 'any', key: 'http.request.method' } as const) : undefined,
})

const kinds: Record<string, (random: () => number, tally: Tally) => Promise<void>> = {
  'OTLP protobuf': (random, tally) =>
    keep(random, mutatedBytes(random, pick(random, requestBytes), pick(random, requestBytes)), tally),
  'OTLP JSON': async (random, tally) => {
    const text = mutatedJson(random, pick(random, requests), pick(random, requests))
    await keep(random, jsonToProtobuf(JSON.parse(text)), tally)
  },
  'Tempo search protobuf': async (random, tally) => {
    const body = mutatedBytes(random, pick(random, answers), pick(random, answers))
    const builder = newBuilder(pick(random, levels))
    const table = new SpanTable(builder.strings)
    const decoder = new SearchDecoder(body, table, undefined, (spans) => builder.add(spans), wants(random))
    decoder.outline()
    const spans = decoder.traces()
    tally.spans += spans
    check(builder, spans)
  },
  'Tempo trace protobuf': async (random, tally) => {
    const builder = newBuilder(pick(random, levels))
    const table = new SpanTable(builder.strings)
    const body = mutatedBytes(random, pick(random, traces), pick(random, traces))
    decodeTraceById(body, table, { scope: 'resource', key: 'service.name' }, wants(random))
    builder.add(table)
    tally.spans += table.length
    check(builder, table.length)
  },
  'Tempo search JSON': async (random) => {
    const { ids } = decodeSearchJson(mutatedJson(random, found, found))
    const wrong = ids.find((id) => !/^[0-9a-f]{32}$/.test(id))
    if (wrong !== undefined) throw new RangeError(`took ${wrong} for a trace id`)
  },
}

function newBuilder(level: Level): GraphBuilder {
  const strings = new StringTable()
  return new GraphBuilder({ strings, slowThresholdMs: 40, isTagNode: () => true, level })
}

/** Takes an OTLP request in and reads all of it back as a graph. */
async function keep(random: () => number, body: Uint8Array, tally: Tally): Promise<void> {
  const store = new EmbeddedStore({ maxBytes: 1e9, maxAgeSec: 3600, now: () => 0 })
  const { acceptedSpans, rejectedSpans, reason } = store.add(body)
  if (rejectedSpans > 0 !== (reason !== '')) throw new RangeError('spans are rejected for a reason')
  const builder = newBuilder(pick(random, levels))
  const selector = tagSelector('service.name', '.*')
  const window = { fromMs: 0, toMs: 2 ** 64 / 1e6 }
  const query = { selector, window, limit: 1e6, peers: random() < 0.5 }
  const report = await createEmbeddedSource(store).read(query, builder, {
    signal: new AbortController().signal,
  })
  if (report.spans !== acceptedSpans) throw new RangeError(`accepted ${acceptedSpans}, read ${report.spans}`)
  tally.spans += acceptedSpans
  tally.rejected += rejectedSpans
  check(builder, acceptedSpans)
}

/** @throws {RangeError} a law is broken: spans are missing or invented, or a figure is not a number */
function check(builder: GraphBuilder, received: number): void {
  const services = builder.finishServices()
  const operations = builder.finish()
  // At level service the other graph is empty, without an account of spans.
  if (operations.spans.received > 0 || !services) checkGraph(operations, received)
  if (services) checkGraph(services, received)
}

function checkGraph(graph: Graph, received: number): void {
  const { spans } = graph
  const law = (name: string, holds: boolean) => {
    if (!holds) throw new RangeError(`${name}: ${JSON.stringify(spans)}`)
  }
  law('spans received', spans.received === received)
  law(
    'received = counted + duplicates + withoutService',
    received === spans.counted + spans.duplicates + spans.withoutService,
  )
  const called = spans.edgeCalls + spans.selfCalls
  law('counted = called + topmost', spans.counted === called + spans.roots + spans.orphans + spans.cycles)
  const { nodes, edges } = toNodeGraph(graph, { windowSec: 60, tagNodeSubTitle: 'Service Node' })
  const ids = new Set(nodes.map(({ id }) => id))
  law('each node once', ids.size === nodes.length)
  law(
    'each edge has its ends',
    edges.every(({ source, target }) => ids.has(source) && ids.has(target)),
  )
  for (const row of [...nodes, ...edges]) {
    for (const value of Object.values(row)) {
      law('figures are numbers', typeof value !== 'number' || (Number.isFinite(value) && value >= 0))
    }
  }
  for (const { arc__failed: failed, arc__slow: slow, arc__passed: passed } of nodes) {
    law('arcs add up to 1', Math.abs(failed + slow + passed - 1) < 1e-9)
  }
}
