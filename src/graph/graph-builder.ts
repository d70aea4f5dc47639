import { ExactSums } from './columns/exact-sums.ts'
import { RowList } from './columns/row-lists.ts'
import { runToEnd, type Steps } from './columns/steps.ts'
import type { StringTable } from './columns/string-table.ts'
import type { Graph } from './graph.ts'
import { nodeLimitFactor } from './operations/fold-nodes.ts'
import { readGraph } from './operations/read-operation-graph.ts'
import { TagTotals } from './operations/tag-totals.ts'
import { ServiceLevel } from './services/service-level.ts'
import { SpanStatus, type SpanTable } from './spans/span-table.ts'
import { SiblingCalls } from './totals/call-patterns.ts'
import { type CallObserver, CallTotals } from './totals/call-totals.ts'
import { CurrentTrace } from './totals/exemplars.ts'
import { CriticalPath } from './trace/critical-path.ts'
import { emptyCounts, type SpanCounts, TraceExamples, type TraceFault } from './trace/span-counts.ts'
import { ParentState, TraceTree } from './trace/trace-tree.ts'

export interface GraphBuilderOptions {
  /** Shared with the span tables that will be added. */
  strings: StringTable
  /** A call that did not fail and took longer than this counts as slow, ms. */
  slowThresholdMs: number
  /** Whether a value of the selected tag gets a node of its own; absent: there are no tag nodes. */
  isTagNode?: ((tagValue: string) => boolean) | undefined
  /** Which graphs are built: `operation` if left out. */
  level?: 'operation' | 'service' | 'both' | undefined
  /**
   * Most nodes of a kind, 10,000 if left out: the least called of more become one, `other`, for each service. Beyond
   * ten times as many, new ones go there as they come, and the order in which traces come does matter.
   */
  maxNodes?: number | undefined
  /** The tag is the service name: at the service level its nodes are the services themselves. */
  tagIsService?: boolean | undefined
  /** At the service level: a node for whoever called a root server or consumer without being named. */
  userNode?: boolean | undefined
}

/**
 * Adds up traces into a graph.
 *
 * All it holds are sums, so order does not matter, two builders can be merged, and a trace that turns out to
 * have been incomplete can be taken back. Memory grows with the graph, not with the spans.
 */
export class GraphBuilder {
  readonly strings: StringTable
  private readonly hasOperations: boolean
  private readonly maxNodes: number
  private readonly operations: CallTotals
  private readonly services: ServiceLevel | undefined
  private readonly tags: TagTotals | undefined
  private readonly counts: SpanCounts = emptyCounts()
  private readonly ownTree = new TraceTree()
  /** Of the trace at hand. */
  private tree = this.ownTree
  private readonly criticalPath = new CriticalPath()
  private readonly siblings = new SiblingCalls()
  private readonly traceExamples = new TraceExamples()
  private readonly trace = new CurrentTrace()
  /** One sum, that of the durations of all roots. */
  private readonly endToEnd = new ExactSums()
  /** Operation of each row of the trace at hand, -1 where it has none. */
  private operationOf = new Int32Array(64)
  /** Rows of the trace at hand that nothing called. */
  private readonly topRows = new RowList()

  constructor(options: GraphBuilderOptions) {
    // 1.001 * 1e6 is just under 1001000.
    const slowThresholdNs = Math.round(options.slowThresholdMs * 1e6)
    this.strings = options.strings
    const { isTagNode, level = 'operation', maxNodes = 10_000 } = options
    const mostNodes = maxNodes * nodeLimitFactor
    this.maxNodes = maxNodes
    this.operations = new CallTotals(slowThresholdNs, this.trace, 'text', mostNodes)
    this.hasOperations = level !== 'service'
    this.tags = isTagNode && new TagTotals(slowThresholdNs, isTagNode, this.trace, mostNodes)
    if (level === 'operation') return
    const isServiceTagNode = options.tagIsService ? undefined : isTagNode
    this.services = new ServiceLevel(
      this.strings,
      slowThresholdNs,
      isServiceTagNode,
      this.trace,
      maxNodes,
      options.userNode,
    )
  }

  /** From now on tells of each call: between services, or where there are none, between operations. */
  watch(observer: CallObserver): void {
    const level = this.services ?? this.operations
    level.watch(observer)
  }

  /**
   * Counts the spans of one trace. The table may be cleared afterwards.
   *
   * @param tree built of the spans, where there is one; it is changed
   */
  add(spans: SpanTable, tree?: TraceTree): void {
    this.count(spans, 1, tree)
    this.traceExamples.record(this.faultCounts, spans.traceId, 1)
  }

  /** Takes back a trace that was added with exactly these spans. */
  remove(spans: SpanTable): void {
    this.count(spans, -1)
    this.traceExamples.record(this.faultCounts, spans.traceId, -1)
  }

  /** Adds all that `other` has counted. Both must have been made with the same options but for `strings`. */
  merge(other: GraphBuilder): void {
    const operationOf = this.operations.merge(other.operations, this.strings, other.strings)
    if (other.tags) this.tags?.merge(other.tags, operationOf, this.strings, other.strings)
    for (const key of Object.keys(this.counts) as (keyof SpanCounts)[]) this.counts[key] += other.counts[key]
    if (other.services) this.services?.merge(other.services)
    this.endToEnd.addRow(0, other.endToEnd, 0)
    this.traceExamples.merge(other.traceExamples, this.faultCounts)
  }

  /** A few traces for each thing that may be wrong with spans. */
  examples(): Record<TraceFault, string[]> {
    return this.traceExamples.read()
  }

  /** The graph of operations, empty where the level is `service`. */
  finish(): Graph {
    return runToEnd(this.finishInSteps())
  }

  /** The same in small pieces, between which nothing may be counted. */
  *finishInSteps(): Steps<Graph> {
    const calls = yield* this.operations.withCallsOnCallees()
    const tags = this.tags && (yield* this.tags.read())
    const graph = yield* readGraph(calls, tags, this.strings, this.maxNodes)
    return { ...graph, endToEndNs: this.endToEnd.read(0), spans: { ...this.counts } }
  }

  /** The service graph, where the level asks for it. */
  finishServices(): Graph | undefined {
    return runToEnd(this.finishServicesInSteps())
  }

  /** The same in small pieces, between which nothing may be counted. */
  *finishServicesInSteps(): Steps<Graph | undefined> {
    return this.services && (yield* this.services.finish(this.endToEnd.read(0)))
  }

  private get faultCounts(): SpanCounts {
    return this.hasOperations ? this.counts : (this.services?.counts ?? this.counts)
  }

  private count(spans: SpanTable, sign: 1 | -1, built?: TraceTree): void {
    const { counts } = this
    this.trace.start(spans.traceId)
    if (built === undefined) this.ownTree.build(spans)
    const tree = built ?? this.ownTree
    this.tree = tree
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

  private measure(spans: SpanTable, sign: 1 | -1): void {
    const { tree, criticalPath } = this
    criticalPath.measure(spans, tree)
    for (let at = 0; at < criticalPath.length; at++) {
      const row = criticalPath.path[at]!
      if (tree.parent[row] === ParentState.root) this.endToEnd.add(0, spans.durationNs[row]!, sign)
    }
  }

  private countOperations(spans: SpanTable, sign: 1 | -1): void {
    const { tree, counts, operations } = this
    if (this.operationOf.length < spans.length) this.operationOf = new Int32Array(spans.length * 2)
    for (let row = 0; row < spans.length; row++) {
      this.operationOf[row] = -1
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
  }

  /** Counts each span once: on the edge by which it was called, or on its node where there is none. */
  private countCalls(spans: SpanTable, sign: 1 | -1): void {
    const { tree, counts, operations, operationOf, siblings } = this
    const { exclusiveNs } = this.criticalPath
    this.topRows.clear()
    siblings.start(spans)
    for (let row = 0; row < spans.length; row++) {
      const callee = operationOf[row]!
      if (callee < 0) continue
      const parent = this.namedAncestor(tree.parent[row]!)
      tree.parent[row] = parent
      const caller = parent < 0 ? parent : operationOf[parent]!
      if (parent < 0 || caller === callee) {
        operations.addToNode(callee, spans, row, sign)
        operations.nodeRed.addCriticalPath(callee, exclusiveNs[row]!, sign)
      }
      if (parent < 0) {
        this.topRows.push(row)
        if (parent === ParentState.root) counts.roots += sign
        else if (parent === ParentState.orphan) counts.orphans += sign
        else counts.cycles += sign
      } else if (caller === callee) {
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

  /**
   * Follows spans without a service up to the first that has one, and hangs those on the way directly on it,
   * so that a long chain is walked once.
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
