/**
 * The kernel as a library: spans in, graph out. It imports no package and does no I/O.
 *
 * ```ts
 * const strings = new StringTable()
 * const builder = new GraphBuilder({ strings, slowThresholdMs: 40, level: 'both' })
 * const spans = new SpanTable(strings)
 * spans.traceId.set([0, 0, 0, 1]) // one table holds the spans of one trace
 * const row = spans.addRow() // all fields are zero
 * spans.spanIdLo[row] = 1
 * spans.durationNs[row] = 2e6
 * spans.kind[row] = SpanKind.server
 * spans.service[row] = strings.internText('web')
 * spans.name[row] = strings.internText('GET /')
 * builder.add(spans)
 * spans.clear() // the table can be filled with the next trace
 * const graph = builder.finish() // one node: web, GET /
 * ```
 *
 * `finishServices` returns the service graph. Peers come from `PeerNaming`, which fills `spans.enablePeers()`.
 *
 * @module
 */
export type { Steps } from './columns/steps.ts'
export { StringTable } from './columns/string-table.ts'
export type { CallEvidence, Folding, Graph, GraphEdge, GraphNode } from './graph.ts'
export { GraphBuilder, type GraphBuilderOptions } from './graph-builder.ts'
export { namingAttributes, type PeerAttribute, peerAttributes } from './spans/peer-attributes.ts'
export { type PeerColumns, PeerRole } from './spans/peer-columns.ts'
export { PeerNaming } from './spans/peer-naming.ts'
export { SpanKind, SpanStatus, SpanTable } from './spans/span-table.ts'
export type { WeightColumns } from './spans/span-weights.ts'
export type { CallPattern } from './totals/call-patterns.ts'
export type { Sides } from './totals/call-sides.ts'
export type { EdgeTotals } from './totals/call-totals.ts'
export type { Percentiles } from './totals/duration-sketch.ts'
export type { Exemplars } from './totals/exemplars.ts'
export type { Red } from './totals/red.ts'
export type { SpanCounts, TraceFault } from './trace/span-counts.ts'
