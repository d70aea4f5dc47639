import { withRoom } from '../columns/grow.ts'
import { PairIndex } from '../columns/hash-index.ts'
import { RowList } from '../columns/row-lists.ts'
import type { Steps } from '../columns/steps.ts'
import { otherIndex, type StringTable } from '../columns/string-table.ts'
import { compareSpans, type SpanTable } from '../spans/span-table.ts'
import type { CurrentTrace } from '../totals/exemplars.ts'
import { RedColumns } from '../totals/red.ts'
import { ParentState } from '../trace/trace-tree.ts'

/** The finished sums of `TagTotals`. */
export interface TagSums {
  /** Pairs (tag value, 0). */
  tags: PairIndex
  tagRed: RedColumns
  /** Pairs (tag, operation): traces with the tag whose root is the operation. */
  entries: PairIndex
  entryRed: RedColumns
}

/** Totals of the tag nodes: how many traces have a value of the selected tag, and with which operations they begin. */
export class TagTotals {
  private readonly tags = new PairIndex()
  private readonly tagRed: RedColumns
  private readonly entries = new PairIndex()
  /** Traces with one root, which are nearly all. They are counted on their entry, and on the tag when it is read. */
  private readonly entryRed: RedColumns
  /** The other traces. On their tag they are counted in `tagRed`. */
  private readonly sharedRed: RedColumns

  /** Whether a value gets a node, by string index: 0 unknown, 1 yes, 2 no. */
  private decisions = new Uint8Array(1024)
  /** The last trace in which a string was seen as a tag value, or an operation as a root. */
  private valueSeenIn = new Int32Array(1024)
  private rootSeenIn = new Int32Array(1024)
  private trace = 0
  private readonly values = new RowList()
  private readonly roots = new RowList()

  private readonly slowThresholdNs: number
  private readonly maxTags: number
  private readonly isTagNode: (tagValue: string) => boolean

  /**
   * @param trace the current trace
   * @param maxTags most values with their own node
   */
  constructor(
    slowThresholdNs: number,
    isTagNode: (tagValue: string) => boolean,
    trace: CurrentTrace,
    maxTags = Number.POSITIVE_INFINITY,
  ) {
    this.maxTags = maxTags
    this.tagRed = new RedColumns(trace)
    this.entryRed = new RedColumns(trace)
    this.sharedRed = new RedColumns(trace)
    this.slowThresholdNs = slowThresholdNs
    this.isTagNode = isTagNode
  }

  /**
   * Counts one trace on the node of each tag value in it, with the duration of its earliest top row. Also counts it on
   * an edge to each operation that is a root of it.
   *
   * @param parents as in `TraceTree.parent`
   * @param topRows the rows without a caller; they get sorted
   * @param operationOf the operation of each row
   */
  add(spans: SpanTable, parents: Int32Array, topRows: RowList, operationOf: Int32Array, sign: 1 | -1): void {
    this.trace++
    this.collectValues(spans, parents)
    if (this.values.length === 0 || topRows.length === 0) return
    if (topRows.length > 1) topRows.sort((a, b) => compareSpans(spans, a, b))
    this.collectRoots(parents, topRows, operationOf)
    const isOfOneRoot = topRows.length === 1 && this.roots.length === 1
    const entryRed = isOfOneRoot ? this.entryRed : this.sharedRed
    for (let at = 0; at < this.values.length; at++) {
      const tag = this.tagOf(this.values.rows[at]!)
      if (!isOfOneRoot) this.tagRed.addTrace(tag, spans, topRows.rows[0]!, this.slowThresholdNs, sign)
      for (let of = 0; of < this.roots.length; of++) {
        const root = this.roots.rows[of]!
        const entry = this.entries.indexOf(tag, operationOf[root]!)
        entryRed.addTrace(entry, spans, root, this.slowThresholdNs, sign)
      }
    }
  }

  *read(): Steps<TagSums> {
    const { tags, entries } = this
    const sums: TagSums = { tags, tagRed: new RedColumns(), entries, entryRed: new RedColumns() }
    for (let tag = 0; tag < this.tagRed.length; tag++) {
      sums.tagRed.addRow(tag, this.tagRed, tag)
      yield
    }
    for (let entry = 0; entry < this.entryRed.length; entry++) {
      sums.tagRed.addRow(entries.first[entry]!, this.entryRed, entry)
      sums.entryRed.addRow(entry, this.entryRed, entry)
      yield
    }
    for (let entry = 0; entry < this.sharedRed.length; entry++) {
      sums.entryRed.addRow(entry, this.sharedRed, entry)
      yield
    }
    return sums
  }

  /** Adds the totals of `other`; `operationOf` maps its operations to those of this side. */
  merge(other: TagTotals, operationOf: Int32Array, strings: StringTable, otherStrings: StringTable): void {
    const tagOf = new Int32Array(other.tags.length)
    for (let tag = 0; tag < other.tags.length; tag++) {
      tagOf[tag] = this.tagOf(strings.internFrom(otherStrings, other.tags.first[tag]!))
      if (tag < other.tagRed.length) this.tagRed.addRow(tagOf[tag]!, other.tagRed, tag)
    }
    for (let entry = 0; entry < other.entries.length; entry++) {
      const tag = tagOf[other.entries.first[entry]!]!
      const operation = operationOf[other.entries.second[entry]!]!
      const here = this.entries.indexOf(tag, operation)
      if (entry < other.entryRed.length) this.entryRed.addRow(here, other.entryRed, entry)
      if (entry < other.sharedRed.length) this.sharedRed.addRow(here, other.sharedRed, entry)
    }
  }

  /** Returns the tag node of a value, `other` for a new value beyond the limit. */
  private tagOf(value: number): number {
    const { tags, maxTags } = this
    if (tags.length < maxTags) return tags.indexOf(value, 0)
    const known = tags.find(value, 0)
    return known < 0 ? tags.indexOf(otherIndex, 0) : known
  }

  private collectValues(spans: SpanTable, parents: Int32Array): void {
    this.values.clear()
    this.decisions = withRoom(this.decisions, spans.strings.size)
    this.valueSeenIn = withRoom(this.valueSeenIn, spans.strings.size)
    for (let row = 0; row < spans.length; row++) {
      const value = spans.tagValue[row]!
      if (value === 0 || this.valueSeenIn[value] === this.trace || parents[row] === ParentState.duplicate)
        continue
      if (spans.context?.[row] === 1) continue
      this.valueSeenIn[value] = this.trace
      if (this.decisions[value] === 0) {
        this.decisions[value] = this.isTagNode(spans.strings.text(value)) ? 1 : 2
      }
      if (this.decisions[value] === 1) this.values.push(value)
    }
  }

  /** Collects the earliest root of each operation, because an entry counts traces and not roots. */
  private collectRoots(parents: Int32Array, topRows: RowList, operationOf: Int32Array): void {
    this.roots.clear()
    for (let at = 0; at < topRows.length; at++) {
      const row = topRows.rows[at]!
      const operation = operationOf[row]!
      if (parents[row] !== ParentState.root) continue
      this.rootSeenIn = withRoom(this.rootSeenIn, operation + 1)
      if (this.rootSeenIn[operation] === this.trace) continue
      this.rootSeenIn[operation] = this.trace
      this.roots.push(row)
    }
  }
}
