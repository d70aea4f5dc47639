import { withDeadline } from '../../base/async.ts'
import { badRequest } from '../../base/errors.ts'
import { SharedWork } from '../../base/shared-work.ts'
import { EdgeExplainer, type EdgeExplanation } from '../../graph/explain/edge-explainer.ts'
import type { NodeKey } from '../../graph/explain/node-key.ts'
import { peerPartNames } from '../../graph/spans/peer-naming.ts'
import type { Explanation } from '../../model/explanation.ts'
import type { GraphDocument } from '../../model/graph-document.ts'
import { partAttributes } from '../../model/identity.ts'
import type { NodeRow } from '../../model/node-graph-rows.ts'
import { defaultParameters } from '../../model/parameters.ts'
import { findNode } from '../../node-graph/find-node.ts'
import { tagSelector } from '../../sources/tag-selector.ts'
import type { ReadLimits, ReadReport, TraceSource } from '../../sources/trace-source.ts'
import type { Aggregator } from '../aggregation/aggregator.ts'
import { builderOptions, traceQuery } from '../aggregation/read-traces.ts'
import { attributesOf } from '../aggregation/request.ts'
import { leftOutWarnings } from '../aggregation/warnings.ts'
import { meaningOf, verdictOn } from './explanation-text.ts'

/** The two nodes of a request: id, title or `title/subTitle` of each. */
interface NodePair {
  source: string
  target: string
}

export interface ExplainerOptions {
  source: TraceSource
  /** Checks whether requests may still name the tenant of the build. */
  aggregator: Pick<Aggregator, 'complete'>
  /** Longest explanation, s. */
  deadlineSec: number
  /** The limits of a build. */
  limits?: ReadLimits | undefined
  maxNodes?: number | undefined
}

/**
 * Reads the window of a graph again and looks for calls from one of its nodes to another. Equal requests that run at
 * the same time share one read.
 *
 * @throws {TtaError} 400 and 404 the nodes; 400 the tenant is no longer configured; 502 the source; 504 the deadline
 */
export type Explain = (document: GraphDocument, pair: NodePair, signal: AbortSignal) => Promise<Explanation>

export function createExplainer(options: ExplainerOptions): Explain {
  const running = new SharedWork<Explanation, never>()
  return async (document, pair, signal) => {
    const { graph = document.name, tenant } = document.summary.parameters
    if (tenant !== undefined) options.aggregator.complete({ graph, tenant })
    const ends = {
      source: findNode(document, 'source', pair.source),
      target: findNode(document, 'target', pair.target),
    }
    const key = JSON.stringify([document.name, document.builtAt, ends.source.id, ends.target.id])
    return running.run(key, { signal }, (shared) =>
      withDeadline(options.deadlineSec, shared, (limited) => explain(options, document, ends, limited)),
    )
  }
}

interface Ends {
  source: NodeRow
  target: NodeRow
}

async function explain(
  { source: traces, limits, maxNodes }: ExplainerOptions,
  document: GraphDocument,
  { source, target }: Ends,
  signal: AbortSignal,
): Promise<Explanation> {
  const { summary } = document
  const parameters = { ...defaultParameters, ...summary.parameters }
  const selector = tagSelector(parameters.tag, parameters.filter)
  const { level } = parameters
  const isService = level === 'service' || (level === 'both' && document.name !== parameters.graph)
  const window = { fromMs: Date.parse(summary.window.from), toMs: Date.parse(summary.window.to) }
  const explainer = new EdgeExplainer({
    ...builderOptions(parameters, selector, window, maxNodes),
    level: isService ? 'service' : 'operation',
    source: keyOf('source', source, document),
    target: keyOf('target', target, document),
  })
  // The query of the build: whether peers are read decides which of two spans is a duplicate.
  const query = traceQuery({ parameters, selector, ...attributesOf(parameters), window })
  const report = await traces.read(query, explainer, { signal, limits })
  return explanationOf(document, { source, target }, explainer.finish(), report)
}

function explanationOf(
  { name, summary, nodes, edges }: GraphDocument,
  { source, target }: Ends,
  found: EdgeExplanation,
  report: ReadReport,
): Explanation {
  const { calls, traces } = found
  const edge = edges.find((row) => row.source === source.id && row.target === target.id) ?? null
  const atBuild = summary.read.traces
  // Users have no spans, so their spans cannot be gone.
  const isGone = (traces.withSource === 0 && source.detail__role !== 'user') || traces.withTarget === 0
  const gone = {
    rule: 'not-in-window' as const,
    count: Math.max(0, atBuild - traces.read),
    via: [],
    examples: [],
  }
  // Traces that have only one of the two explain nothing if others have both.
  const relevant = found.nearMisses.filter(
    ({ rule }) => rule !== 'not-together' || (calls.count === 0 && traces.withBoth === 0 && !isGone),
  )
  const named = { source: nameIn(source, nodes), target: nameIn(target, nodes) }
  const nearMisses = [...(isGone ? [gone] : []), ...relevant].map((miss) => ({
    ...miss,
    meaning: meaningOf(miss.rule, named.source, named.target),
  }))
  const warnings = [...report.warnings, ...leftOutWarnings(report)]
  if (traces.read !== atBuild) {
    warnings.push(
      `The graph was built from ${atBuild} traces; the source now has ${traces.read} in the window.`,
    )
  }
  if (summary.read.truncated) {
    warnings.push(
      'The build left out traces of the window, so this read may include traces that the graph lacks.',
    )
  }
  return {
    graph: name,
    source: briefly(source),
    target: briefly(target),
    edge,
    verdict: verdictOn(named, edge, calls.count, nearMisses),
    calls,
    nearMisses,
    traces: { atBuild, ...traces },
    window: summary.window,
    warnings,
  }
}

/** @throws {TtaError} 400: the node is a sum of other nodes */
function keyOf(field: string, node: NodeRow, { nodes, summary }: GraphDocument): NodeKey {
  const { detail__role: role, title, subTitle, operation = subTitle, identity = {} } = node
  if (!['operation', 'tag', 'service', 'database', 'messaging', 'external', 'user'].includes(role)) {
    throw badRequest([
      { field, value: title, message: `must be a node with spans or a peer, and has the role ${role}` },
    ])
  }
  const isPeer = ['database', 'messaging', 'external'].includes(role)
  const attributes = isPeer ? peerPartNames : partAttributes(summary.parameters.identity ?? [])
  return {
    role,
    title,
    parts: attributes.map((key) => identity[key] ?? ''),
    operation: role === 'operation' ? operation : '',
    isOnlyOfTitle: role === 'service' && !hasNamesake(node, nodes),
  }
}

/** Whether another node of the role has the title. */
const hasNamesake = ({ id, title, detail__role: role }: NodeRow, nodes: NodeRow[]) =>
  nodes.some((other) => other.title === title && other.detail__role === role && other.id !== id)

/** Returns the name of a node in texts. Services with one title have the values of their identity. */
function nameIn(node: NodeRow, nodes: NodeRow[]): string {
  const { title, subTitle, detail__role: role, identity = {} } = node
  if (role === 'operation') return `${title}/${subTitle}`
  const values = Object.values(identity)
  return values.length > 1 && hasNamesake(node, nodes) ? values.join('/') : title
}

const briefly = ({ id, title, subTitle, detail__role: role }: NodeRow) => ({ id, title, subTitle, role })
