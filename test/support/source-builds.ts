import type { Test } from 'tap'
import { createAggregator } from '../../src/builds/aggregation/aggregator.ts'
import type { GraphDocument } from '../../src/model/graph-document.ts'
import { type AggregationParameters, defaultParameters } from '../../src/model/parameters.ts'
import { createGraphStore } from '../../src/sinks/graph-store.ts'
import type { TraceSource } from '../../src/sources/trace-source.ts'
import { newSource } from './tempo/read-window.ts'
import type { Fragment } from './tempo/stored-trace.ts'
import { startTempo } from './tempo/tempo-stand-in.ts'

/** A source that reads from a Tempo with these fragments. */
export async function tempoWith(t: Test, fragments: Fragment[], nowMs: number): Promise<TraceSource> {
  const tempo = await startTempo({ fragments })
  const source = newSource({ url: tempo.url, now: () => nowMs })
  t.teardown(async () => {
    await source.close()
    await tempo.close()
  })
  return source
}

/** Builds the graph `shop` from a source, and keeps it in a store. */
export function buildsOf(
  source: TraceSource,
  { nowMs, ...parameters }: Partial<AggregationParameters> & { nowMs: number },
) {
  const store = createGraphStore()
  const aggregator = createAggregator({
    source,
    store,
    sinks: [],
    settings: () => ({ defaults: { ...defaultParameters, graph: 'shop', ...parameters } }),
    deadlineSec: 60,
    maxConcurrent: 2,
    limits: { maxSpans: 1e9, maxBytes: 1e9 },
    maxPreviews: 2,
    maxQueued: 1,
    now: () => nowMs,
  })
  const build = (request: object) => aggregator.aggregate(request, { signal: new AbortController().signal })
  return { build, stored: () => store.get('shop') as GraphDocument, aggregator }
}
