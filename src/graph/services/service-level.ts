import type { Steps } from '../columns/steps.ts'
import type { StringTable } from '../columns/string-table.ts'
import type { Graph } from '../graph.ts'
import { Messages } from '../messages/messages.ts'
import type { MessageCall } from '../messages/route-messages.ts'
import { nodeLimitFactor } from '../operations/fold-into-other.ts'
import { TagTotals } from '../operations/tag-totals.ts'
import type { SpanTable } from '../spans/span-table.ts'
import { type CallObserver, CallTotals } from '../totals/call-totals.ts'
import { ClockOffsets } from '../totals/clock-offsets.ts'
import { CurrentTrace } from '../totals/exemplars.ts'
import { GroupCounts } from '../totals/group-counts.ts'
import { PassedServices } from '../totals/passed-services.ts'
import type { CriticalPath } from '../trace/critical-path.ts'
import { emptyCounts } from '../trace/span-counts.ts'
import { ParentState, type TraceTree } from '../trace/trace-tree.ts'
import type { TransparentSpans } from '../trace/transparent-spans.ts'
import { AnsweredPeers } from './answered-peers.ts'
import { PeerAliases } from './peer-aliases.ts'
import { readServiceGraph } from './read-service-graph.ts'
import { ServiceCalls } from './service-calls.ts'

/** Adds up traces into a graph with a node for each service and each peer that sends no spans. */
export class ServiceLevel {
  private readonly strings: StringTable
  private readonly slowThresholdNs: number
  private readonly maxNodes: number
  private readonly totals: CallTotals
  private readonly messages: Messages
  private readonly answered = new AnsweredPeers()
  readonly counts = emptyCounts()
  readonly aliases: PeerAliases
  private readonly calls: ServiceCalls
  private readonly tags: TagTotals | undefined
  private readonly groups: GroupCounts | undefined

  /** @param isTagNode whether a value of the tag gets a node; absent if the tag is the service name */
  constructor(
    strings: StringTable,
    slowThresholdNs: number,
    isTagNode: ((tagValue: string) => boolean) | undefined,
    trace: CurrentTrace,
    maxNodes: number,
    hasUser = false,
    hasGroups = false,
  ) {
    this.groups = hasGroups ? new GroupCounts() : undefined
    this.maxNodes = maxNodes
    const mostNodes = maxNodes * nodeLimitFactor
    this.strings = strings
    this.slowThresholdNs = slowThresholdNs
    this.totals = new CallTotals(slowThresholdNs, trace, 'code', mostNodes)
    this.totals.offsets = new ClockOffsets(trace)
    this.messages = new Messages(this.totals.nodes)
    this.aliases = new PeerAliases(strings)
    this.calls = new ServiceCalls(
      this.totals,
      this.messages,
      this.counts,
      this.answered,
      strings,
      this.aliases,
      hasUser ? strings.internText('user') : 0,
    )
    this.tags = isTagNode && new TagTotals(slowThresholdNs, isTagNode, trace, mostNodes)
  }

  /** Records which transparent services further calls pass. */
  seeThrough(transparent: TransparentSpans): void {
    this.totals.passed = new PassedServices(transparent)
  }

  /** Reports each further call to `observer`. */
  watch(observer: CallObserver): void {
    this.totals.watch(observer)
    this.messages.observer = observer
    this.calls.watch(observer)
  }

  /** Counts one trace. `tree` is built from `spans`, `criticalPath` from both; none of them is changed. */
  add(spans: SpanTable, tree: TraceTree, criticalPath: CriticalPath, sign: 1 | -1): void {
    const { calls } = this
    calls.add(spans, tree, criticalPath, sign)
    this.tags?.add(spans, calls.parents, calls.topRows, calls.nodeOf, sign)
    if (this.groups && spans.groups) this.countGroups(this.groups, spans, tree, spans.groups, sign)
  }

  merge(other: ServiceLevel): void {
    const nodeOf = this.totals.merge(other.totals, this.strings, other.strings)
    this.messages.merge(other.messages, nodeOf)
    this.answered.merge(other.answered, this.strings, other.strings)
    if (other.tags) this.tags?.merge(other.tags, nodeOf, this.strings, other.strings)
    if (other.groups) this.groups?.merge(other.groups, nodeOf, this.strings, other.strings)
    for (const key of Object.keys(this.counts) as (keyof typeof this.counts)[]) {
      this.counts[key] += other.counts[key]
    }
  }

  private countGroups(
    counts: GroupCounts,
    spans: SpanTable,
    { parent }: TraceTree,
    groups: Int32Array,
    sign: 1 | -1,
  ): void {
    for (let row = 0; row < spans.length; row++) {
      const isCounted = spans.service[row] !== 0 && parent[row] !== ParentState.duplicate
      if (isCounted && spans.context?.[row] !== 1) counts.add(this.calls.nodeOf[row]!, groups[row]!, sign)
    }
  }

  /** @param endToEndNs sum of the durations of all roots, ns */
  *finish(endToEndNs: number): Steps<Graph> {
    const { calls, gaps, unresolved, linkedSpans, dropped } = this.messages.route()
    const trace = new CurrentTrace()
    const named = new CallTotals(this.slowThresholdNs, trace)
    const linked = new CallTotals(this.slowThresholdNs, trace)
    for (const call of calls) {
      addMessageCall(call.byLink ? linked : named, trace, call)
      yield
    }
    for (const { caller, callee, gapNs } of gaps) {
      const isLinked = linked.edges.find(caller, callee) >= 0
      const { sides, edges } = isLinked ? linked : named
      sides.addGapTime(edges.indexOf(caller, callee), gapNs, 1)
    }
    const tags = this.tags && (yield* this.tags.read())
    const graph = yield* readServiceGraph(
      this.totals,
      { named, linked },
      { answeredBy: this.answered.read(), aliases: this.aliases },
      tags,
      this.groups,
      this.strings,
      this.maxNodes,
    )
    return {
      ...graph,
      endToEndNs,
      spans: { ...this.counts },
      unresolvedLinks: unresolved,
      linkedSpans,
      droppedMessages: dropped,
    }
  }
}

/** Adds a call on the way of a message. */
function addMessageCall(totals: CallTotals, trace: CurrentTrace, call: MessageCall): void {
  trace.start(call.traceId)
  const { caller, callee, spans, row, failed, unrecorded } = call
  const edge = totals.addCall(caller, callee, spans, row, failed, 1, unrecorded)
  totals.edgeRed.addCriticalPath(edge, call.criticalPathNs, 1)
  totals.addMessages(edge, call.messages, 1)
  if (call.client) totals.sides.addClient(edge, call.client.spans, call.client.row, 1)
  if (call.server) totals.sides.addServer(edge, call.server.spans, call.server.row, 1)
}
