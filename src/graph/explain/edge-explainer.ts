import { HashSample } from '../columns/hash-sample.ts'
import type { StringTable } from '../columns/string-table.ts'
import { GraphBuilder, type GraphBuilderOptions } from '../graph-builder.ts'
import { PeerAliases } from '../services/peer-aliases.ts'
import { compareSpans, SpanKind, type SpanTable } from '../spans/span-table.ts'
import { LeftOutSpans } from '../trace/left-out-spans.ts'
import { maxExamples } from '../trace/span-counts.ts'
import { ParentState } from '../trace/trace-tree.ts'
import {
  addExample,
  type NearMiss,
  NearMisses,
  type SpanExample,
  sampleSpan,
  spanExample,
} from './near-misses.ts'
import { edgeBetween, type NodeKey, NodeMatch } from './node-key.ts'
import { CallPaths, type MessagePath, RecordedCalls } from './recorded-trace.ts'

export interface EdgeExplainerOptions extends Omit<GraphBuilderOptions, 'level'> {
  level: 'operation' | 'service'
  source: NodeKey
  target: NodeKey
}

/** Why there is, or is not, an edge between two nodes. */
export interface EdgeExplanation {
  /** Calls from source to target, with a few of their spans. */
  calls: { count: number; examples: SpanExample[] }
  nearMisses: NearMiss[]
  traces: { read: number; withSource: number; withTarget: number; withBoth: number }
}

const maxWaitingExamples = 10_000
/** A span that received or sent a message whose way is not known yet. */
interface Waiting {
  node: 'source' | 'target' | 'other'
  sign: 1 | -1
  example: SpanExample | undefined
}

/**
 * Explains the calls from one node to another, trace by trace. A `GraphBuilder` counts the traces as it did for the graph
 * and reports each call. This class adds the near misses: spans that could be a call but are not.
 */
export class EdgeExplainer {
  readonly strings: StringTable
  private readonly options: EdgeExplainerOptions
  private readonly record: RecordedCalls
  private readonly builder: GraphBuilder
  private readonly source: NodeMatch
  private readonly target: NodeMatch
  private readonly paths: CallPaths
  private readonly leftOut: LeftOutSpans
  private readonly misses = new NearMisses()
  private readonly called = new HashSample<SpanExample>(maxExamples)
  private readonly traces = { read: 0, withSource: 0, withTarget: 0, withBoth: 0 }
  private readonly receivers = new Map<number, Waiting>()
  private readonly senders = new Map<number, Waiting>()
  /** Rows of the target in the current trace whose caller is known. */
  private readonly explained = new Set<number>()
  private spans!: SpanTable
  private sign: 1 | -1 = 1
  private hasSource = false

  constructor(options: EdgeExplainerOptions) {
    const { strings, level, source, target } = options
    this.options = options
    this.strings = strings
    this.record = new RecordedCalls(strings, level)
    this.builder = new GraphBuilder(options)
    this.builder.watch(this.record)
    const aliases = new PeerAliases(strings, options.aliasOf)
    this.source = new NodeMatch(source, strings, aliases)
    this.target = new NodeMatch(target, strings, aliases)
    this.paths = new CallPaths(level)
    this.leftOut = new LeftOutSpans(strings, options)
  }

  add(spans: SpanTable): void {
    this.process(spans, 1)
  }

  remove(spans: SpanTable): void {
    this.process(spans, -1)
  }

  /** Returns the explanation. It may be called once only. */
  finish(): EdgeExplanation {
    const isService = this.options.level === 'service'
    const graph = isService ? this.builder.finishServices() : this.builder.finish()
    for (const path of this.record.messagePaths) this.explainMessage(path)
    for (const { message, broker } of this.record.publications) this.explainPublication(message, broker)
    const count = graph ? (edgeBetween(graph, this.source.key, this.target.key)?.count ?? 0) : 0
    return {
      calls: { count, examples: this.called.values() },
      nearMisses: this.misses.read(),
      traces: { ...this.traces },
    }
  }

  private process(spans: SpanTable, sign: 1 | -1): void {
    const { record, builder, traces, paths } = this
    this.spans = spans
    this.sign = sign
    record.start()
    if (sign > 0) builder.add(spans)
    else builder.remove(spans)
    const sourceRow = this.firstRow(this.source)
    const targetRow = this.firstRow(this.target)
    this.hasSource = sourceRow >= 0
    traces.read += sign
    if (sourceRow >= 0) traces.withSource += sign
    if (targetRow >= 0) traces.withTarget += sign
    if (sourceRow < 0 && targetRow < 0) return
    paths.build(spans, this.leftOut)
    if (sourceRow >= 0 && targetRow >= 0) traces.withBoth += sign
    else this.addMiss('not-together', targetRow < 0 ? sourceRow : targetRow)
    this.explainTrace()
    paths.restore()
  }

  private explainTrace(): void {
    const { record, spans, source, target, explained } = this
    explained.clear()
    for (const { row, caller, callee } of record.calls) this.explainCall(row, caller, callee)
    for (const { row, message } of record.received) this.await(this.receivers, row, message)
    for (const { row, message } of record.sent) this.await(this.senders, row, message)
    if (source.sendsSpans) {
      for (const { row, answered } of record.clients) this.explainClient(row, answered)
      if (this.options.level === 'operation') this.explainLeaves()
    }
    if (!target.sendsSpans) return
    for (let row = 0; row < spans.length; row++) {
      if (!explained.has(row) && target.hasRow(spans, row)) this.explainUncalled(row)
    }
  }

  /** Explains a call that the builder counted. */
  private explainCall(row: number, caller: number, callee: number): void {
    const { source, target, spans, sign, record } = this
    const fromSource = record.isOf(source, caller)
    const toTarget = record.isOf(target, callee)
    if (toTarget) this.explained.add(row)
    if (fromSource && toTarget) {
      if (caller === callee) this.addMiss('same-node', row)
      else sampleSpan(this.called, spans, row, sign)
    } else if (record.isOf(target, caller) && record.isOf(source, callee)) this.addMiss('reverse', row)
    else if (toTarget && caller !== callee) this.explainOtherCaller(row, caller)
  }

  /** Explains a call of the target by another node than the source. */
  private explainOtherCaller(row: number, caller: number): void {
    const { paths, source, record } = this
    const via = record.nameOf(caller)
    const above = paths.callerOf(row)
    if (source.key.role === 'tag') {
      if (this.hasSource) this.addMiss('not-an-entry', row)
    } else if (record.isBroker(caller) && above >= 0 && this.isSource(above))
      this.addMiss('broker-between', row, via)
    else if (paths.nearestAbove(row, this.isSource) >= 0) {
      this.addMiss(source.isPeer ? 'answered-elsewhere' : 'indirect', row, via)
    } else if (this.hasSource) this.addMiss('other-caller', row, via)
  }

  /** Keeps a span that received or sent a message. The way of the message is known at the end of the read. */
  private await(waiting: Map<number, Waiting>, row: number, message: number): void {
    const { spans, sign, source, target } = this
    // A sender is at the source even if it names the target. One that names the source is not at it.
    const isSource = (waiting === this.receivers || source.sendsSpans) && source.hasRow(spans, row)
    const isTarget = waiting === this.receivers && target.hasRow(spans, row)
    if (isTarget) this.explained.add(row)
    const node = isTarget ? 'target' : isSource ? 'source' : 'other'
    const isFull = waiting.size >= maxWaitingExamples
    if (node === 'other' && isFull) return
    waiting.set(message, { node, sign, example: isFull ? undefined : spanExample(spans, row) })
  }

  private explainMessage({ message, sender, brokers }: MessagePath): void {
    const waiting = this.receivers.get(message)
    if (!waiting) return
    const { sign, example } = waiting
    const { misses, record, source, target } = this
    const caller = brokers.at(-1) ?? sender
    const [first, second] = brokers
    const isJoined = first !== undefined && second !== undefined
    if (isJoined && record.isOf(source, first) && record.isOf(target, second)) this.addCalled(example, sign)
    const isSent = sender >= 0 && record.isOf(source, sender)
    const isPublished = isSent && first !== undefined && record.isOf(target, first)
    // The call of a broker is that of its sender.
    if (waiting.node !== 'target' || isPublished) return
    const isFromSource = caller >= 0 && record.isOf(source, caller)
    // A receiver that names the target is not at it.
    if (isFromSource && target.sendsSpans) this.addCalled(example, sign)
    else if (isFromSource) return
    else if (sender < 0 && brokers.length === 0) misses.addExample('unresolved-link', example, sign)
    else if (!isSent) {
      misses.addExample('other-caller', example, sign, record.nameOf(caller))
    } else misses.addExample('broker-between', example, sign, record.nameOf(caller))
  }

  private explainPublication(message: number, broker: number): void {
    const waiting = this.senders.get(message)
    if (waiting?.node === 'source' && this.record.isOf(this.target, broker)) {
      this.addCalled(waiting.example, waiting.sign)
    }
  }

  private addCalled(example: SpanExample | undefined, sign: 1 | -1): void {
    if (example) addExample(this.called, example, sign)
  }

  /** Explains a client span of the source that was not counted as a call. */
  private explainClient(row: number, answered: boolean): void {
    const { paths, spans, target, record } = this
    const owner = paths.ownerOf(row)
    if (owner < 0 || !this.isSource(owner)) return
    if (!answered) this.addMiss('unanswered-client', row)
    else if (target.isNamedBy(spans, row)) {
      const callee = this.calleeBelow(row)
      if (callee >= 0 && !record.isOf(target, callee)) {
        this.addMiss('answered-elsewhere', row, record.nameOf(callee))
      }
    }
  }

  /** Returns the node of the spans below a client span of the source, or -1. */
  private calleeBelow(client: number): number {
    const { paths, record } = this
    for (const { row, caller, callee } of record.calls) {
      if (!record.isOf(this.source, caller)) continue
      let at = paths.parent[row]!
      while (at >= 0 && at !== client && this.isSource(paths.ownerOf(at))) at = paths.parent[at]!
      if (at === client) return callee
    }
    return -1
  }

  /** Finds client spans of the source without spans below them, at the level of operations. */
  private explainLeaves(): void {
    const { spans, paths } = this
    const callers = new Set<number>()
    for (let row = 0; row < spans.length; row++) if (paths.parent[row]! >= 0) callers.add(paths.parent[row]!)
    for (let row = 0; row < spans.length; row++) {
      const kind = spans.kind[row]
      if (kind !== SpanKind.client && kind !== SpanKind.producer) continue
      if (!callers.has(row) && this.isSource(row)) this.addMiss('unanswered-client', row)
    }
  }

  /** Explains a span of the target without a call to it. */
  private explainUncalled(row: number): void {
    const { paths, spans, hasSource } = this
    if (paths.isDuplicate(row)) {
      if (hasSource) this.addMiss(this.leftOut.isExcluded(row) ? 'excluded' : 'duplicate', row)
      return
    }
    const caller = paths.callerOf(row)
    if (caller >= 0) return
    if (this.source.key.role === 'tag' && caller === ParentState.root) {
      if (hasSource) sampleSpan(this.called, spans, row, this.sign)
    } else if (paths.parent[row]! >= 0) this.addMiss('without-service', row)
    else if (caller === ParentState.orphan) this.addMiss('orphan', row)
    else if (caller === ParentState.cycle) this.addMiss('cycle', row)
    else if (hasSource) this.addMiss('separate-roots', row)
  }

  private readonly isSource = (row: number) =>
    !this.paths.isDuplicate(row) && this.source.hasRow(this.spans, row)

  private addMiss(rule: NearMiss['rule'], row: number, via = ''): void {
    this.misses.add(rule, this.spans, row, this.sign, via)
  }

  /** Returns the earliest span of a node in the current trace, or -1. */
  private firstRow(match: NodeMatch): number {
    const { spans } = this
    let first = -1
    for (let row = 0; row < spans.length; row++) {
      if (match.hasRow(spans, row) && (first < 0 || compareSpans(spans, row, first) < 0)) first = row
    }
    return first
  }
}
