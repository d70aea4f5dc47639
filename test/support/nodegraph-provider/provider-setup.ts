import type { Test } from 'tap'
import {
  createNodegraphProviderSink,
  type NodegraphProviderOptions,
} from '../../../src/sinks/nodegraph-provider/provider-sink.ts'
import { graphDocument } from '../graph-documents.ts'
import { type ProviderStandIn, type Schemas, startProviderStandIn } from './provider-stand-in.ts'

export const never = new AbortController().signal
const traceFields = ['detail__trace_slowest', 'detail__trace_failed', 'detail__trace_typical', 'traceql']
export const edgeFields = [
  'id',
  'source',
  'target',
  'mainStat',
  'secondaryStat',
  'detail__traffic',
  'detail__latency',
  'detail__critical_path',
  'detail__sides',
  'detail__via',
  'detail__pattern',
  ...traceFields,
]
const details = [
  'detail__role',
  'detail__named_by',
  'detail__traffic',
  'detail__latency',
  'detail__critical_path',
  'detail__self_calls',
  ...traceFields,
]
const arcs = ['arc__failed', 'arc__slow', 'arc__passed']
export const nodeFields = ['id', 'title', 'subTitle', 'mainStat', 'secondaryStat', ...arcs, ...details]
const schemas: Schemas = {
  micro: { nodes: nodeFields, edges: edgeFields },
  old: {
    nodes: nodeFields.filter(
      (name) =>
        ![
          'arc__slow',
          'detail__named_by',
          'detail__traffic',
          'detail__latency',
          'detail__critical_path',
          'detail__self_calls',
        ].includes(name),
    ),
    edges: edgeFields,
  },
}

export const oldGraph = graphDocument('micro', { calls: { 'a -> b': 1 } })
export const newGraph = graphDocument('micro', { calls: { 'a -> b': 2, 'b -> c': 3 } })
export const holdings = {
  old: { nodes: ['a', 'b'], edges: ['a -> b: 1'] },
  new: { nodes: ['a', 'b', 'c'], edges: ['a -> b: 2', 'b -> c: 3'] },
  empty: { nodes: [], edges: [] },
  none: null,
}

export interface Setup {
  provider: ProviderStandIn
  sink: ReturnType<typeof createNodegraphProviderSink>
  /** All that was logged, as JSON. */
  log: string[]
}

export async function setUp(t: Test, options: Partial<NodegraphProviderOptions> = {}): Promise<Setup> {
  const provider = await startProviderStandIn(schemas)
  const log: string[] = []
  const note = (...parts: unknown[]) => void log.push(JSON.stringify(parts))
  const sink = createNodegraphProviderSink({
    url: provider.url,
    headers: {},
    timeoutMs: 10_000,
    retries: 2,
    retryDelayMs: 1,
    graceMs: 10_000,
    log: { warn: note, error: note },
    ...options,
  })
  t.teardown(async () => {
    await sink.close()
    await provider.close()
  })
  return { provider, sink, log }
}
