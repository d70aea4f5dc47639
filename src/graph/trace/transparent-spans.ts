import { PairIndex } from '../columns/hash-index.ts'
import { RowList } from '../columns/row-lists.ts'
import type { StringTable } from '../columns/string-table.ts'
import { TextMatch } from '../columns/text-match.ts'
import { titleOf } from '../spans/node-name.ts'
import type { SpanTable } from '../spans/span-table.ts'
import type { TraceTree } from './trace-tree.ts'

const unknown = -1

/**
 * Hides the service of transparent spans, such as those of a proxy, while a trace is counted. They are then seen through
 * as spans without a service are. The services between a span and its caller are known as a set of names.
 */
export class TransparentSpans {
  private readonly services: TextMatch
  private readonly hidesTag: boolean
  /** The columns that are replaced while a trace is counted; undefined if the trace has no transparent span. */
  private service: SpanTable['service'] | undefined
  private tagValue: SpanTable['tagValue'] | undefined
  private seenService = new Int32Array(64)
  private seenTagValue = new Int32Array(64)
  private parent = new Int32Array(64)
  /** For each row the set of transparent services from it up to the next service. */
  private setOf = new Int32Array(64)
  private readonly path = new RowList()
  /** Set n + 1 is a pair (set, name of one more service); set 0 is empty. */
  private readonly sets = new PairIndex()

  /**
   * @param isTransparent called once for each service
   * @param tagIsService whether the tag is the service name, so that a transparent span has no tag either
   */
  constructor(strings: StringTable, isTransparent: (service: string) => boolean, tagIsService = false) {
    this.services = new TextMatch(strings, (name) => isTransparent(titleOf(name)))
    this.hidesTag = tagIsService
  }

  /** Hides the services of a trace until `restore` is called. Returns whether any span is seen through. */
  hide(spans: SpanTable, tree: TraceTree): boolean {
    this.service = this.tagValue = undefined
    const { length, service, tagValue } = spans
    let first = 0
    while (first < length && (service[first] === 0 || !this.services.has(service[first]!))) first++
    if (first === length) return false
    this.copyColumns(spans, tree)
    for (let row = first; row < length; row++) {
      if (service[row] === 0 || !this.services.has(service[row]!)) continue
      this.seenService[row] = 0
      this.seenTagValue[row] = 0
    }
    this.service = service
    this.tagValue = tagValue
    spans.service = this.seenService
    if (this.hidesTag) spans.tagValue = this.seenTagValue
    return true
  }

  /** Whether a row of the current trace is seen through. */
  isHidden(row: number): boolean {
    return this.service !== undefined && this.service[row] !== 0 && this.seenService[row] === 0
  }

  /** Gives the spans their services back. */
  restore(spans: SpanTable): void {
    if (this.service === undefined || this.tagValue === undefined) return
    spans.service = this.service
    spans.tagValue = this.tagValue
    this.service = this.tagValue = undefined
  }

  /**
   * Returns the set of transparent services that a call passed, 0 without any.
   *
   * @param row the called span, or the span that calls a peer
   */
  setOfCall(row: number, isCallee: boolean): number {
    if (this.service === undefined) return 0
    return this.setAt(isCallee && this.seenService[row] !== 0 ? this.parent[row]! : row)
  }

  /** Returns the name of one service of a set that is not empty. `withoutIt` is the set of the others. */
  nameIn(set: number): number {
    return this.sets.second[set - 1]!
  }

  withoutIt(set: number): number {
    return this.sets.first[set - 1]!
  }

  private copyColumns({ length, service, tagValue }: SpanTable, tree: TraceTree): void {
    if (this.parent.length < length) {
      this.seenService = new Int32Array(length * 2)
      this.seenTagValue = new Int32Array(length * 2)
      this.parent = new Int32Array(length * 2)
      this.setOf = new Int32Array(length * 2)
    }
    this.seenService.set(service.subarray(0, length))
    this.seenTagValue.set(tagValue.subarray(0, length))
    this.parent.set(tree.parent.subarray(0, length))
    this.setOf.fill(unknown, 0, length)
  }

  /** Returns the set of a row. Those of the rows above are found too, so that a long chain is walked once. */
  private setAt(start: number): number {
    const { path, setOf, seenService, parent, sets } = this
    const service = this.service!
    path.clear()
    let row = start
    for (; row >= 0 && seenService[row] === 0 && setOf[row] === unknown; row = parent[row]!) path.push(row)
    let set = row < 0 || seenService[row] !== 0 ? 0 : setOf[row]!
    for (let at = path.length - 1; at >= 0; at--) {
      const below = path.rows[at]!
      const name = service[below]!
      if (name !== 0 && !this.contains(set, name)) set = sets.indexOf(set, name) + 1
      setOf[below] = set
    }
    return set
  }

  private contains(set: number, name: number): boolean {
    let at = set
    while (at > 0 && this.sets.second[at - 1] !== name) at = this.sets.first[at - 1]!
    return at > 0
  }
}
