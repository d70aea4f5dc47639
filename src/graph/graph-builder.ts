import { ExactSums } from './columns/exact-sums.ts'
import { RowList } from './columns/row-lists.ts'
import { runToEnd, type Steps } from './columns/steps.ts'
import type { StringTable } from './columns/string-table.ts'
import type { Graph } from './graph.ts'
import { nodeLimitFactor } from './operations/fold-into-other.ts'
import { readGraph } from './operations/read-operation-graph.ts'
import { TagTotals } from './operations/tag-totals.ts'
import { ServiceLevel } from './services/service-level.ts'
import { SpanStatus, type SpanTable } from './spans/span-table.ts'
import { SiblingCalls } from './totals/call-patterns.ts'
import { type CallObserver, CallTotals } from './totals/call-totals.ts'
import { CurrentTrace } from './totals/exemplars.ts'
import { GroupCounts } from './totals/group-counts.ts'
import { PassedServices } from './totals/passed-services.ts'
import { ContextSpans, type CountedTime } from './trace/context-spans.ts'
import { CriticalPath } from './trace/critical-path.ts'
import { type LeftOutOptions, LeftOutSpans } from './trace/left-out-spans.ts'
import { emptyCounts, type SpanCounts, TraceExamples, type TraceFault } from './trace/span-counts.ts'
import { ParentState, TraceTree } from './trace/trace-tree.ts'
import { UntimedSpans } from './trace/untimed-spans.ts'

export interface GraphBuilderOptions extends LeftOutOptions {
  /** Shared with the span tables that will be added. */
  strings: StringTable
  /** A call that did not fail and took longer than this, ms, counts as slow. */
  slowThresholdMs: number
  /** Whether a value of the selected tag gets a node; absent: there are no tag nodes. */
  isTagNode?: ((tagValue: string) => boolean) | undefined
  /** Which graphs are built; default `operation`. */
  level?: 'operation' | 'service' | 'both' | undefined
  /**
   * Most nodes of each kind, default 10,000. The least called beyond it become one node, `other`, for each service.
   * Beyond ten times as many, new ones are counted there at once, and the order of traces does matter.
   */
  maxNodes?: number | undefined
  /** Whether nodes have groups: the values in `SpanTable.groups`. */
  hasGroups?: boolean | undefined
  /**
   * The time whose spans are counted, each by its own start; absent: all spans of the traces. Spans outside of it only
   * say who called.
   */
  countedTime?: CountedTime | undefined
  /**
   * At the service level: the name of a peer that sends no spans, by its name or address without port; undefined: its own.
   * It is asked once for each peer, and for the address of each client of a root.
   */
  aliasOf?: ((peer: string) => string | undefined) | undefined
  /** At the service level: whether a root server or consumer without a named caller is called by a node `user`. */
  userNode?: boolean | undefined
}

/**
 * Adds up traces into a graph.
 *
 * It only holds sums, so order does not matter and two builders can be merged. A trace that turns out to be incomplete
 * can be removed. Memory grows with the graph, not with the spans.
 */
export class GraphBuilder {
  readonly strings: StringTable
  private readonly hasOperations: boolean
  private readonly maxNodes: number
  private readonly operations: CallTotals
  private readonly services: ServiceLevel | undefined
  private readonly tags: TagTotals | undefined
  private readonly groups: GroupCounts | undefined
  private readonly counts: SpanCounts = emptyCounts()
  private readonly ownTree = new TraceTree()
  /** The tree of the current trace. */
  private tree = this.ownTree
  private readonly leftOut: LeftOutSpans
  private readonly untimed = new UntimedSpans()
  private readonly contextSpans: ContextSpans | undefined
  private readonly criticalPath = new CriticalPath()
  private readonly siblings = new SiblingCalls()
  private readonly traceExamples = new TraceExamples()
  private readonly trace = new CurrentTrace()
  /** Row 0 is the sum of the durations of all roots. */
  private readonly endToEnd = new ExactSums()
  /** Operation of each row of the current trace, -1 for rows without a service and duplicates. */
  private operationOf = new Int32Array(64)
  /** Rows of the current trace without a caller, or whose caller is not counted. */
  private readonly topRows = new RowList()

  constructor(options: GraphBuilderOptions) {
    // 1.001 * 1e6 is just under 1001000.
    const slowThresholdNs = Math.round(options.slowThresholdMs * 1e6)
    this.strings = options.strings
    const { isTagNode, level = 'operation', maxNodes = 10_000 } = options
    const mostNodes = maxNodes * nodeLimitFactor
    this.maxNodes = maxNodes
    this.contextSpans = options.countedTime && new ContextSpans(options.countedTime)
    this.operations = new CallTotals(slowThresholdNs, this.trace, 'text', mostNodes)
    this.hasOperations = level !== 'service'
    this.tags = isTagNode && new TagTotals(slowThresholdNs, isTagNode, this.trace, mostNodes)
    this.groups = options.hasGroups ? new GroupCounts() : undefined
    this.leftOut = new LeftOutSpans(this.strings, options)
    const { transparent } = this.leftOut
    if (transparent) this.operations.passed = new PassedServices(transparent)
    if (level === 'operation') return
    const isServiceTagNode = options.tagIsService ? undefined : isTagNode
    this.services = new ServiceLevel(
      this.strings,
      slowThresholdNs,
      isServiceTagNode,
      this.trace,
      maxNodes,
      options.userNode,
      options.hasGroups,
    )
    if (transparent) this.services.seeThrough(transparent)
    this.services.aliases.aliasOf = options.aliasOf
  }

  /** Reports each further call to `observer`: calls between services, or between operations at level `operation`. */
  watch(observer: CallObserver): void {
    const level = this.services ?? this.operations
    level.watch(observer)
  }

  /**
   * Counts all spans of one trace. The table may be cleared afterwards.
   *
   * @param tree the tree of these spans, if there is one already; it gets changed
   */
  add(spans: SpanTable, tree?: TraceTree): void {
    this.count(spans, 1, tree)
    this.traceExamples.record(this.faultCounts, spans.traceId, 1)
  }

  /** Removes a trace that was added with exactly these spans. */
  remove(spans: SpanTable): void {
    this.count(spans, -1)
    this.traceExamples.record(this.faultCounts, spans.traceId, -1)
  }

  /** Adds everything that `other` counted. Both must have the same options except `strings`. */
  merge(other: GraphBuilder): void {
    const operationOf = this.operations.merge(other.operations, this.strings, other.strings)
    if (other.tags) this.tags?.merge(other.tags, operationOf, this.strings, other.strings)
    if (other.groups) this.groups?.merge(other.groups, operationOf, this.strings, other.strings)
    for (const key of Object.keys(this.counts) as (keyof SpanCounts)[]) this.counts[key] += other.counts[key]
    if (other.services) this.services?.merge(other.services)
    this.endToEnd.addRow(0, other.endToEnd, 0)
    this.traceExamples.merge(other.traceExamples, this.faultCounts)
  }

  /** Returns a few trace ids for each fault. */
  examples(): Record<TraceFault, string[]> {
    return this.traceExamples.read()
  }

  /** Returns the graph of operations; empty if the level is `service`. */
  finish(): Graph {
    return runToEnd(this.finishInSteps())
  }

  /** Does the same as `finish` in small pieces. No trace may be added before it ends. */
  *finishInSteps(): Steps<Graph> {
    const calls = yield* this.operations.withCallsOnCallees()
    const tags = this.tags && (yield* this.tags.read())
    const graph = yield* readGraph(calls, tags, this.groups, this.strings, this.maxNodes)
    return { ...graph, endToEndNs: this.endToEnd.read(0), spans: { ...this.counts } }
  }

  /** Returns the service graph; undefined if the level is `operation`. */
  finishServices(): Graph | undefined {
    return runToEnd(this.finishServicesInSteps())
  }

  /** Does the same as `finishServices` in small pieces. No trace may be added before it ends. */
  *finishServicesInSteps(): Steps<Graph | undefined> {
    return this.services && (yield* this.services.finish(this.endToEnd.read(0)))
  }

  private get faultCounts(): SpanCounts {
    return this.hasOperations ? this.counts : (this.services?.counts ?? this.counts)
  }

  private count(spans: SpanTable, sign: 1 | -1, built?: TraceTree): void {
    this.trace.start(spans.traceId)
    if (built === undefined) this.ownTree.build(spans)
    const tree = built ?? this.ownTree
    this.tree = tree
    tree.pieces.unite(spans)
    this.leftOut.leaveOut(spans, tree)
    this.untimed.settle(spans, tree)
    this.contextSpans?.mark(spans)
    this.countTimed(spans, tree, sign)
    this.countUntimed(spans, sign)
    if (this.hasOperations) this.leftOut.correct(this.counts, spans, tree, sign)
    if (this.services) this.leftOut.correct(this.services.counts, spans, tree, sign)
    spans.context = undefined
    this.untimed.restore(spans)
    this.leftOut.restore(spans)
    tree.pieces.restore(spans)
  }

  private countTimed(spans: SpanTable, tree: TraceTree, sign: 1 | -1): void {
    const { counts } = this
    spans.weights?.weighEdges(tree.parent, spans.service, spans.length)
    this.measure(spans, sign)
    this.services?.add(spans, tree, this.criticalPath, sign)
    if (!this.hasOperations) return
    counts.traces += sign
    counts.received += sign * spans.length
    counts.duplicates += sign * tree.duplicates
    this.criticalPath.moveTimeToServices(spans, tree)
    this.countOperations(spans, sign)
    this.countCalls(spans, sign)
    this.tags?.add(spans, tree.parent, this.topRows, this.operationOf, sign)
  }

  private countUntimed(spans: SpanTable, sign: 1 | -1): void {
    const { rows } = this.untimed
    for (let at = 0; at < rows.length; at++) {
      const row = rows.rows[at]!
      if (spans.service[row] === 0 || spans.context?.[row] === 1) continue
      if (this.hasOperations) this.counts.untimed += sign
      if (this.services) this.services.counts.untimed += sign
    }
  }

  private measure(spans: SpanTable, sign: 1 | -1): void {
    const { tree, criticalPath } = this
    criticalPath.measure(spans, tree)
    for (let at = 0; at < criticalPath.length; at++) {
      const row = criticalPath.path[at]!
      if (spans.context !== undefined) {
        // The parts of the path add up to the roots, also where a root is not counted.
        if (spans.context[row] === 0) this.endToEnd.add(0, criticalPath.exclusiveNs[row]!, sign)
      } else if (tree.parent[row] === ParentState.root) this.endToEnd.add(0, spans.durationNs[row]!, sign)
    }
  }

  private countOperations(spans: SpanTable, sign: 1 | -1): void {
    const { tree, counts, operations } = this
    if (this.operationOf.length < spans.length) this.operationOf = new Int32Array(spans.length * 2)
    for (let row = 0; row < spans.length; row++) {
      this.operationOf[row] = -1
      if (spans.context !== undefined && spans.context[row] === 1) {
        this.countContext(spans, row, sign)
        continue
      }
      if (tree.parent[row] === ParentState.duplicate) continue
      const service = spans.service[row]!
      if (service === 0) {
        counts.withoutService += sign
        continue
      }
      counts.counted += sign
      counts.skewed += sign * spans.skewed[row]!
      if (spans.weights?.invalid[row] === 1) counts.badWeights += sign
      this.operationOf[row] = operations.nodeOf(service, spans.name[row]!)
    }
    if (this.groups && spans.groups) this.countGroups(this.groups, spans, spans.groups, sign)
  }

  /** Counts a span that only says who called: its operation has no calls because of it. */
  private countContext(spans: SpanTable, row: number, sign: 1 | -1): void {
    const { counts, tree, operationOf, operations } = this
    const service = spans.service[row]!
    counts.outsideWindow += sign
    if (tree.parent[row] === ParentState.duplicate) counts.duplicates -= sign
    else if (service !== 0) operationOf[row] = operations.nodeOf(service, spans.name[row]!)
  }

  private countGroups(
    counts: GroupCounts,
    { length, context }: SpanTable,
    groups: Int32Array,
    sign: 1 | -1,
  ): void {
    for (let row = 0; row < length; row++) {
      if (this.operationOf[row]! >= 0 && context?.[row] !== 1)
        counts.add(this.operationOf[row]!, groups[row]!, sign)
    }
  }

  /** Counts each span once: on the edge of its call, or on its node without one. */
  private countCalls(spans: SpanTable, sign: 1 | -1): void {
    const { tree, counts, operations, operationOf, siblings } = this
    const { context } = spans
    const { exclusiveNs } = this.criticalPath
    this.topRows.clear()
    siblings.start(spans)
    for (let row = 0; row < spans.length; row++) {
      const callee = operationOf[row]!
      if (callee < 0) continue
      const parent = this.namedAncestor(tree.parent[row]!)
      tree.parent[row] = parent
      if (context !== undefined && context[row] === 1) continue
      const caller = parent < 0 ? parent : operationOf[parent]!
      if (parent < 0 || caller === callee) {
        operations.addToNode(callee, spans, row, sign)
        operations.nodeRed.addCriticalPath(callee, exclusiveNs[row]!, sign)
      }
      if (parent < 0 || context?.[parent] === 1) this.topRows.push(row)
      if (parent < 0) this.countTop(parent, sign)
      else if (caller === callee) {
        counts.selfCalls += sign
        operations.addSelfCall(callee, spans, row, sign)
      } else {
        counts.edgeCalls += sign
        const edge = operations.addToEdge(caller, callee, spans, row, sign)
        operations.edgeRed.addCriticalPath(edge, exclusiveNs[row]!, sign)
        operations.sides.addCall(edge, spans, parent, row, sign)
        siblings.add(parent, edge, row, row, spans.status[row] === SpanStatus.error)
      }
    }
    siblings.addTo(operations.patterns, sign)
  }

  /** Counts a span without a caller. @param state a `ParentState` */
  private countTop(state: number, sign: 1 | -1): void {
    const { counts } = this
    if (state === ParentState.root) counts.roots += sign
    else if (state === ParentState.orphan) counts.orphans += sign
    else counts.cycles += sign
  }

  /**
   * Returns the first row with a service on the way up from `parent`, or a `ParentState`. The rows on the way become its
   * children, so that a long chain is walked once.
   */
  private namedAncestor(parent: number): number {
    const { operationOf, tree } = this
    let end = parent
    while (end >= 0 && operationOf[end]! < 0) end = tree.parent[end]!
    for (let row = parent; row !== end; ) {
      const next = tree.parent[row]!
      tree.parent[row] = end
      row = next
    }
    return end
  }
}
