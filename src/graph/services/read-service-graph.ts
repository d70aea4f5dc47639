import type { Steps } from '../columns/steps.ts'
import type { StringTable } from '../columns/string-table.ts'
import type { CallEvidence, Graph, GraphEdge, GraphNode } from '../graph.ts'
import { foldTags } from '../operations/fold-nodes.ts'
import { addEdge, compareNodes, foldingsOf, readEntry, readTags } from '../operations/read-operation-graph.ts'
import type { TagSums } from '../operations/tag-totals.ts'
import { attributesOf, maskOfCode, serviceCode } from '../spans/peer-naming.ts'
import { CallTotals } from '../totals/call-totals.ts'
import { type Red, RedColumns } from '../totals/red.ts'
import { foldServiceNodes, type ServiceNodes, serviceNodesOf } from './service-nodes.ts'

/** Gathers the evidence of edges, which have numbers from 0. */
export class EvidenceOfCalls {
  private readonly callees: number[] = []
  private readonly callers: number[] = []
  private readonly direct: boolean[] = []
  private readonly linked: boolean[] = []

  /**
   * @param caller code of the node that calls, as it was counted
   * @param callee code of the node that is called
   * @param byLink whether only a span link tells of the call
   */
  add(edge: number, caller: number, callee: number, byLink: boolean): void {
    this.direct[edge] ||= !byLink && caller === serviceCode && callee === serviceCode
    this.linked[edge] ||= byLink
    this.callers[edge] = (this.callers[edge] ?? 0) | (byLink ? 0 : maskOfCode(caller))
    this.callees[edge] = (this.callees[edge] ?? 0) | (byLink ? 0 : maskOfCode(callee))
  }

  read(edge: number): CallEvidence {
    return {
      spans: this.direct[edge] ?? false,
      links: this.linked[edge] ?? false,
      calleeNamedBy: attributesOf(this.callees[edge] ?? 0),
      callerNamedBy: attributesOf(this.callers[edge] ?? 0),
    }
  }
}

/**
 * Turns the totals of the service level into a graph.
 *
 * A service counts the requests that entered it, and the calls of it that only their callers tell of. A peer counts
 * the calls it received or, if it received none, those it made.
 *
 * @param linked calls between the nodes of `totals` that span links tell of
 * @param maxNodes most services and peers, and most values of the tag; the least called of more are drawn as one
 * @returns nodes sorted by role, title, operation; edges by source, target
 */
export function* readServiceGraph(
  totals: CallTotals,
  linked: CallTotals,
  allTags: TagSums | undefined,
  strings: StringTable,
  maxNodes: number,
): Steps<Pick<Graph, 'nodes' | 'edges' | 'foldings'>> {
  const parties = serviceNodesOf(totals, linked)
  const all = yield* sumUp(totals, linked, parties)
  const { other, red, folding } = foldServiceNodes(parties, all, strings, maxNodes)
  const sums = folding.folded > 0 ? yield* sumUp(totals, linked, parties) : all
  const foldedTags = allTags && foldTags(allTags, (node) => node, strings, maxNodes)
  const tags = foldedTags?.sums
  const { selfCalls } = sums
  const serviceNodes: GraphNode[] = []
  for (let party = 0; party < parties.length; party++) {
    const namedBy = attributesOf(parties.sources[party]!)
    serviceNodes.push({
      role: parties.role[party]!,
      title: strings.text(parties.name[party]!),
      operation: '',
      ...(party === other ? red.read(0) : readParty(sums, party)),
      ...(parties.role[party] === 'other' ? { folds: 'services' as const } : {}),
      selfCalls: selfCalls[party]!,
      namedBy,
    })
    yield
  }
  const graph = yield* assemble(serviceNodes, sums, tags, parties, strings)
  return { ...graph, foldings: foldingsOf(folding, foldedTags?.folding) }
}

function* sumUp(totals: CallTotals, linked: CallTotals, parties: ServiceNodes): Steps<ServiceNodeSums> {
  const sums: ServiceNodeSums = {
    calls: new CallTotals(0),
    evidence: new EvidenceOfCalls(),
    selfCalls: new Float64Array(parties.length),
    made: new RedColumns(),
    received: ownCalls(totals, parties),
  }
  for (let node = 0; node < totals.nodes.length; node++) {
    if (parties.of[node]! >= 0) sums.selfCalls[parties.of[node]!]! += totals.selfCalls[node] ?? 0
  }
  yield* addCalls(sums, totals, totals.nodes.second, parties, false)
  yield* addCalls(sums, linked, totals.nodes.second, parties, true)
  return sums
}

function readParty({ received, made }: ServiceNodeSums, party: number): Red {
  // What a peer called spent its time elsewhere.
  return received.countOf(party) > 0 ? received.read(party) : { ...made.read(party), criticalPathNs: 0 }
}

/** What the parties called, and were called. */
export interface ServiceNodeSums {
  /** Its edges are those between parties. */
  calls: CallTotals
  evidence: EvidenceOfCalls
  selfCalls: Float64Array
  /** Calls that each peer made, and received. */
  made: RedColumns
  received: RedColumns
}

/** @param codes of the nodes between which the calls of `level` are */
function* addCalls(
  { calls, evidence, selfCalls, made, received }: ServiceNodeSums,
  level: CallTotals,
  codes: Int32Array,
  parties: ServiceNodes,
  byLink: boolean,
): Steps<void> {
  const { edges, edgeRed: red, sides } = level
  for (let edge = 0; edge < edges.length; edge++) {
    const isCalled = red.countOf(edge) > 0
    if (!isCalled && !sides.hasGaps(edge)) continue
    const source = parties.of[edges.first[edge]!]!
    const target = parties.of[edges.second[edge]!]!
    // A link may tell of no more than the time that a message took whose delivery is counted among the totals.
    if (!isCalled) calls.sides.addRow(calls.edges.indexOf(source, target), sides, edge)
    else if (source === target) selfCalls[source]! += red.countOf(edge)
    else {
      const call = calls.addEdge(source, target, level, edge)
      evidence.add(call, codes[edges.first[edge]!]!, codes[edges.second[edge]!]!, byLink)
    }
    if (isCalled && parties.isPeer(edges.first[edge]!)) made.addRow(source, red, edge)
    if (isCalled && parties.isPeer(edges.second[edge]!)) received.addRow(target, red, edge)
    yield
  }
}

/** The requests that entered each service. */
function ownCalls({ nodes, nodeRed }: CallTotals, parties: ServiceNodes): RedColumns {
  const red = new RedColumns()
  for (let node = 0; node < Math.min(nodes.length, nodeRed.length); node++) {
    if (parties.of[node]! >= 0) red.addRow(parties.of[node]!, nodeRed, node)
  }
  return red
}

function* assemble(
  serviceNodes: GraphNode[],
  { calls, evidence }: ServiceNodeSums,
  tags: TagSums | undefined,
  parties: ServiceNodes,
  strings: StringTable,
): Steps<Pick<Graph, 'nodes' | 'edges'>> {
  const tagNodes = tags ? yield* readTags(tags, strings) : []
  const nodes = [...serviceNodes, ...tagNodes].filter((node) => node.count > 0).sort(compareNodes)
  const indexOf = new Map(nodes.map((node, index) => [node, index]))
  const edges: GraphEdge[] = []
  for (let call = 0; call < calls.edges.length; call++) {
    const source = indexOf.get(serviceNodes[calls.edges.first[call]!]!)
    const target = indexOf.get(serviceNodes[calls.edges.second[call]!]!)
    addEdge(edges, source, target, { ...calls.readEdge(call), evidence: evidence.read(call) })
    yield
  }
  for (let entry = 0; tags && entry < tags.entries.length; entry++) {
    const source = indexOf.get(tagNodes[tags.entries.first[entry]!]!)
    const target = indexOf.get(serviceNodes[parties.of[tags.entries.second[entry]!]!]!)
    addEdge(edges, source, target, readEntry(tags, entry))
    yield
  }
  edges.sort((a, b) => a.source - b.source || a.target - b.target)
  return { nodes, edges }
}
