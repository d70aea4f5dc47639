import { resized } from '../columns/grow.ts'
import { HashSlots } from '../columns/hash-index.ts'
import { hashWords } from '../columns/hashing.ts'
import { copyWords, sameWords } from '../columns/ids.ts'

/** Words of a trace id and a span id. */
export const spanIdWords = 6

/** Numbers distinct spans, each a trace id and a span id, 0, 1, 2, ... in order of first sight. */
export class SpanIdIndex {
  length = 0
  private words = new Uint32Array(spanIdWords * 64)
  private readonly slots = new HashSlots(256)

  /** The number of the span whose six words begin at `ids[at]`, a new one at first sight. */
  indexOf(ids: Uint32Array, at: number): number {
    const slot = this.slotOf(ids, at)
    const known = this.slots.keyAt(slot)
    if (known >= 0) return known
    const index = this.length++
    if (index * spanIdWords === this.words.length) this.words = resized(this.words, this.words.length * 2)
    copyWords(ids, at, this.words, index * spanIdWords, spanIdWords)
    this.slots.put(slot, index)
    if (this.slots.isCrowded(this.length))
      this.slots.grow(this.length, (key) => hashWords(this.words, key * spanIdWords, spanIdWords))
    return index
  }

  /** The number of the span, -1 if it has none. */
  find(ids: Uint32Array, at: number): number {
    return this.slots.keyAt(this.slotOf(ids, at))
  }

  /** The slot of the span, or the free slot where it belongs. */
  private slotOf(ids: Uint32Array, at: number): number {
    const { slots, words } = this
    for (let slot = slots.start(hashWords(ids, at, spanIdWords)); ; slot = slots.next(slot)) {
      const index = slots.keyAt(slot)
      if (index < 0 || sameWords(words, index * spanIdWords, ids, at, spanIdWords)) return slot
    }
  }
}
