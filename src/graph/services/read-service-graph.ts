import type { Steps } from '../columns/steps.ts'
import type { StringTable } from '../columns/string-table.ts'
import type { CallEvidence, Graph, GraphEdge, GraphNode } from '../graph.ts'
import { foldTags } from '../operations/fold-into-other.ts'
import {
  addEdge,
  addGroups,
  compareNodes,
  foldingsOf,
  readEntry,
  readTags,
  withCalls,
} from '../operations/read-operation-graph.ts'
import type { TagSums } from '../operations/tag-totals.ts'
import { nameFields } from '../spans/node-name.ts'
import { serviceCode } from '../spans/peer-codes.ts'
import { CallTotals } from '../totals/call-totals.ts'
import type { GroupCounts } from '../totals/group-counts.ts'
import { type Red, RedColumns } from '../totals/red.ts'
import { foldServiceNodes, type KnownPeers, type ServiceNodes, serviceNodesOf } from './service-nodes.ts'
import { peerNames } from './shown-peers.ts'

/** Calls on the way of messages: those that name both ends, and those that only span links show. */
export interface MessageTotals {
  named: CallTotals
  linked: CallTotals
}

/** Collects the evidence of edges, which are numbered from 0. */
class EdgeEvidence {
  private readonly totals: CallTotals
  private readonly strings: StringTable
  private readonly callees: Set<number>[] = []
  private readonly callers: Set<number>[] = []
  private readonly direct: boolean[] = []
  private readonly linked: boolean[] = []

  constructor(totals: CallTotals, strings: StringTable) {
    this.totals = totals
    this.strings = strings
  }

  /**
   * @param caller the calling node of the totals
   * @param callee the called node
   * @param byLink whether only a span link shows the call
   */
  add(edge: number, caller: number, callee: number, byLink: boolean): void {
    const { second } = this.totals.nodes
    this.direct[edge] ||= !byLink && second[caller] === serviceCode && second[callee] === serviceCode
    this.linked[edge] ||= byLink
    this.callers[edge] ??= new Set()
    this.callees[edge] ??= new Set()
    if (byLink) return
    this.callers[edge].add(caller)
    this.callees[edge].add(callee)
  }

  read(edge: number): CallEvidence {
    return {
      spans: this.direct[edge] ?? false,
      links: this.linked[edge] ?? false,
      calleeNamedBy: peerNames(this.totals, this.callees[edge] ?? [], this.strings),
      callerNamedBy: peerNames(this.totals, this.callers[edge] ?? [], this.strings),
    }
  }
}

/**
 * Turns the totals of the service level into a graph.
 *
 * A service counts the requests that entered it, and the calls that only its callers recorded. A peer counts the calls
 * it received or, if it received none, those it made.
 *
 * @param messages calls between the nodes of `totals` on the way of messages
 * @param maxNodes most services and peers, and most values of the tag; the least called beyond it are folded
 * @returns nodes sorted by role, title, operation; edges by source, target
 */
export function* readServiceGraph(
  totals: CallTotals,
  messages: MessageTotals,
  known: KnownPeers,
  allTags: TagSums | undefined,
  groups: GroupCounts | undefined,
  strings: StringTable,
  maxNodes: number,
): Steps<Pick<Graph, 'nodes' | 'edges' | 'foldings'>> {
  const shown = serviceNodesOf([totals, messages.named, messages.linked], known, strings)
  const all = yield* sumCalls(totals, messages, shown, strings)
  const { other, red, folding } = foldServiceNodes(shown, all, strings, maxNodes)
  const sums = folding.folded > 0 ? yield* sumCalls(totals, messages, shown, strings) : all
  const foldedTags = allTags && foldTags(allTags, (node) => node, strings, maxNodes)
  const tags = foldedTags?.sums
  const { selfCalls } = sums
  const serviceNodes: GraphNode[] = []
  for (let node = 0; node < shown.length; node++) {
    serviceNodes.push({
      role: shown.role[node]!,
      ...nameFields(strings.text(shown.name[node]!)),
      operation: '',
      ...(node === other ? red.read(0) : readRed(sums, node)),
      ...(shown.role[node] === 'other' ? { folds: 'services' as const } : {}),
      selfCalls: selfCalls[node]!,
      namedBy: peerNames(totals, shown.peers[node]!, strings),
    })
    yield
  }
  addGroups(
    serviceNodes,
    groups?.read((node) => shown.shownAs[node]!, strings),
  )
  const graph = yield* assemble(serviceNodes, sums, tags, shown, strings)
  return { ...graph, foldings: foldingsOf(folding, foldedTags?.folding) }
}

function* sumCalls(
  totals: CallTotals,
  messages: MessageTotals,
  shown: ServiceNodes,
  strings: StringTable,
): Steps<ServiceNodeSums> {
  const sums: ServiceNodeSums = {
    calls: new CallTotals(0),
    evidence: new EdgeEvidence(totals, strings),
    selfCalls: new Float64Array(shown.length),
    made: new RedColumns(),
    received: ownCalls(totals, shown),
  }
  for (let node = 0; node < totals.nodes.length; node++) {
    if (shown.shownAs[node]! >= 0) sums.selfCalls[shown.shownAs[node]!]! += totals.selfCalls[node] ?? 0
  }
  yield* addCalls(sums, totals, shown, false)
  yield* addCalls(sums, messages.named, shown, false)
  yield* addCalls(sums, messages.linked, shown, true)
  return sums
}

function readRed({ received, made }: ServiceNodeSums, node: number): Red {
  // The time of the calls that a peer made is their callees'.
  return received.countOf(node) > 0 ? received.read(node) : { ...made.read(node), criticalPathNs: 0 }
}

/** Calls between the shown nodes. */
interface ServiceNodeSums {
  /** Its nodes are the shown ones. */
  calls: CallTotals
  evidence: EdgeEvidence
  selfCalls: Float64Array
  /** Calls that each peer made and received. A service also receives the requests that entered it. */
  made: RedColumns
  received: RedColumns
}

function* addCalls(
  { calls, evidence, selfCalls, made, received }: ServiceNodeSums,
  level: CallTotals,
  shown: ServiceNodes,
  byLink: boolean,
): Steps<void> {
  const { edges, edgeRed: red, sides } = level
  for (let edge = 0; edge < edges.length; edge++) {
    const isCalled = red.countOf(edge) > 0
    if (!isCalled && !sides.hasGaps(edge)) continue
    const source = shown.shownAs[edges.first[edge]!]!
    const target = shown.shownAs[edges.second[edge]!]!
    // The totals may count the delivery of a linked message already. The link then adds only how long it took.
    if (!isCalled) calls.sides.addRow(calls.edges.indexOf(source, target), sides, edge)
    else if (source === target) {
      selfCalls[source]! += red.countOf(edge)
      // A client that names its own service is no request of that service, but its time is.
      if (shown.isPeer(edges.second[edge]!)) {
        received.addCriticalPathOf(source, red, edge)
        continue
      }
    } else {
      const call = calls.addEdge(source, target, level, edge, 'addDependentRow')
      evidence.add(call, edges.first[edge]!, edges.second[edge]!, byLink)
    }
    if (isCalled && shown.isPeer(edges.first[edge]!)) made.addRecorded(source, red, edge)
    if (isCalled && shown.isPeer(edges.second[edge]!)) received.addRecorded(target, red, edge)
    yield
  }
  addPeerWeights(made, level.made, shown)
  addPeerWeights(received, level.received, shown)
}

/** Adds the calls of the peers that were not recorded. They are summed for each node, since a trace may have several. */
function addPeerWeights(to: RedColumns, from: RedColumns, shown: ServiceNodes): void {
  for (let node = 0; node < from.length; node++) {
    const peer = shown.shownAs[node]!
    if (peer >= 0 && shown.isPeer(node)) to.addDependentWeight(peer, from, node)
  }
}

/** Returns the requests that entered each service. */
function ownCalls({ nodes, nodeRed }: CallTotals, shown: ServiceNodes): RedColumns {
  const red = new RedColumns()
  for (let node = 0; node < Math.min(nodes.length, nodeRed.length); node++) {
    if (shown.shownAs[node]! >= 0) red.addDependentRow(shown.shownAs[node]!, nodeRed, node)
  }
  return red
}

function* assemble(
  serviceNodes: GraphNode[],
  { calls, evidence }: ServiceNodeSums,
  tags: TagSums | undefined,
  shown: ServiceNodes,
  strings: StringTable,
): Steps<Pick<Graph, 'nodes' | 'edges'>> {
  const tagNodes = tags ? yield* readTags(tags, strings) : []
  const nodes = [...withCalls(serviceNodes, calls), ...withCalls(tagNodes)].sort(compareNodes)
  const indexOf = new Map(nodes.map((node, index) => [node, index]))
  const edges: GraphEdge[] = []
  for (let call = 0; call < calls.edges.length; call++) {
    const source = indexOf.get(serviceNodes[calls.edges.first[call]!]!)
    const target = indexOf.get(serviceNodes[calls.edges.second[call]!]!)
    addEdge(edges, source, target, { ...calls.readEdge(call, strings), evidence: evidence.read(call) })
    yield
  }
  for (let entry = 0; tags && entry < tags.entries.length; entry++) {
    const source = indexOf.get(tagNodes[tags.entries.first[entry]!]!)
    const target = indexOf.get(serviceNodes[shown.shownAs[tags.entries.second[entry]!]!]!)
    addEdge(edges, source, target, readEntry(tags, entry))
    yield
  }
  edges.sort((a, b) => a.source - b.source || a.target - b.target)
  return { nodes, edges }
}
