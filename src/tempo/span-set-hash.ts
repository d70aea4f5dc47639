import type { SpanTable } from '../graph/span-table.ts'
import { Top, type TraceTree } from '../graph/trace-tree.ts'

/**
 * Fingerprints of a set of spans, whatever their order: the number of distinct spans and a 64-bit sum over
 * their identities. Lets a read remember what it counted of a trace without keeping the spans.
 */
export class SpanSetHash {
  count = 0
  hi = 0
  lo = 0

  /** @param tree built of `spans`; its duplicates are left out */
  set(spans: SpanTable, tree: TraceTree): this {
    this.count = this.hi = this.lo = 0
    for (let row = 0; row < spans.length; row++) {
      if (tree.parent[row] === Top.duplicate) continue
      this.count++
      let word = Math.imul(spans.spanIdHi[row]! ^ 0x9e3779b9, 0x85ebca6b) ^ spans.spanIdLo[row]!
      word = Math.imul(word ^ (word >>> 15), 0xc2b2ae35) + spans.kind[row]!
      word = Math.imul(word ^ (word >>> 13), 0x27d4eb2f)
      this.lo = (this.lo + word) >>> 0
      this.hi = (this.hi + Math.imul(word ^ (word >>> 16), 0x165667b1)) >>> 0
    }
    return this
  }
}
