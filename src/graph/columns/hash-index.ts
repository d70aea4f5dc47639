import { resized } from './grow.ts'
import { hashPair, hashTraceId } from './hashing.ts'
import { copyWords, sameWords, traceIdWords } from './ids.ts'

/**
 * The slots of a hash index with open addressing (linear probing). A key is a number from 0 on. Only the owner knows its
 * meaning, so the owner probes, from `start(hash)` on with `next`. It ends where `keyAt` gives its key, or -1 for a free
 * slot. A shared loop would call the comparison through a reference, which costs more than the probe itself.
 */
export class HashSlots {
  /** Key + 1; 0 is free. A probing loop reads it and `mask` once: a call for each slot costs up to 5 % of a build. */
  slots: Int32Array
  /** Slots in use - 1. */
  mask: number

  /** @param count how many slots there are at first, a power of two */
  constructor(count: number) {
    this.slots = new Int32Array(count)
    this.mask = count - 1
  }

  /** The slot where probing for a hash begins. */
  start(hash: number): number {
    return hash & this.mask
  }

  /** The slot to probe after `slot`. */
  next(slot: number): number {
    return (slot + 1) & this.mask
  }

  /** The key in a slot, -1 if the slot is free. */
  keyAt(slot: number): number {
    return this.slots[slot]! - 1
  }

  /** Puts a key into a slot, in place of the key that is there. */
  put(slot: number, key: number): void {
    this.slots[slot] = key + 1
  }

  /** Whether `count` keys fill more than half of the slots, so that `grow` is due. */
  isCrowded(count: number): boolean {
    return count * 2 > this.slots.length
  }

  /** Doubles the slots and enters the keys 0 to `count` - 1 again. */
  grow(count: number, hashOf: (key: number) => number): void {
    this.slots = new Int32Array(this.slots.length * 2)
    this.mask = this.slots.length - 1
    for (let key = 0; key < count; key++) {
      let slot = this.start(hashOf(key))
      while (this.slots[slot] !== 0) slot = this.next(slot)
      this.slots[slot] = key + 1
    }
  }

  /**
   * Frees all slots and uses as many as `count` keys need: few keys after many do not pay for clearing all slots.
   * At most `count` keys can then be put.
   */
  clear(count: number): void {
    const used = 2 ** (32 - Math.clz32(count * 2))
    if (used > this.slots.length) this.slots = new Int32Array(used)
    else if (used > 128) this.slots.fill(0, 0, used)
    else for (let slot = 0; slot < used; slot++) this.slots[slot] = 0
    this.mask = used - 1
  }
}

/**
 * Numbers distinct pairs of 32-bit integers 0, 1, 2, ... in order of first sight.
 *
 * A `Map` keyed by a combined number would box each key beyond 31 bits. This index allocates only when it grows.
 */
export class PairIndex {
  length = 0
  /** The pairs by number. */
  first = new Int32Array(64)
  second = new Int32Array(64)
  private readonly slots = new HashSlots(256)

  /** The number of the pair (a, b), a new one at first sight. */
  indexOf(a: number, b: number): number {
    const { slots, mask } = this.slots
    for (let slot = hashPair(a, b) & mask; ; slot = (slot + 1) & mask) {
      const index = slots[slot]! - 1
      if (index < 0) return this.insert(a, b, slot)
      if (this.first[index] === a && this.second[index] === b) return index
    }
  }

  /** The number of the pair (a, b), -1 if it has none. */
  find(a: number, b: number): number {
    const { slots, mask } = this.slots
    for (let slot = hashPair(a, b) & mask; ; slot = (slot + 1) & mask) {
      const index = slots[slot]! - 1
      if (index < 0 || (this.first[index] === a && this.second[index] === b)) return index
    }
  }

  private insert(a: number, b: number, slot: number): number {
    const index = this.length++
    if (index === this.first.length) {
      this.first = resized(this.first, index * 2)
      this.second = resized(this.second, index * 2)
    }
    this.first[index] = a
    this.second[index] = b
    this.slots.put(slot, index)
    if (this.slots.isCrowded(this.length))
      this.slots.grow(this.length, (key) => hashPair(this.first[key]!, this.second[key]!))
    return index
  }
}

/** Numbers distinct trace ids 0, 1, 2, ... in order of first sight. An id takes 16 bytes and two slots of 4 bytes. */
export class TraceIdIndex {
  length = 0
  private words = new Uint32Array(traceIdWords * 1024)
  private readonly slots = new HashSlots(4 * 1024)

  /** The number of the id in the four words of `traceId`, a new one at first sight. */
  indexOf(traceId: Uint32Array): number {
    const slot = this.slotOf(traceId)
    const index = this.slots.keyAt(slot)
    return index < 0 ? this.insert(traceId, slot) : index
  }

  /** The number of the id, -1 if it has none. */
  find(traceId: Uint32Array): number {
    return this.slots.keyAt(this.slotOf(traceId))
  }

  /** Four words of each id, in order of the numbers; valid until the next id is added. */
  get idWords(): Uint32Array {
    return this.words.subarray(0, this.length * traceIdWords)
  }

  /** The slot of the id, or the free slot where it belongs. */
  private slotOf(traceId: Uint32Array): number {
    const { slots, words } = this
    for (let slot = slots.start(hashTraceId(traceId, 0)); ; slot = slots.next(slot)) {
      const index = slots.keyAt(slot)
      if (index < 0 || sameWords(words, index * traceIdWords, traceId, 0, traceIdWords)) return slot
    }
  }

  private insert(traceId: Uint32Array, slot: number): number {
    const index = this.length++
    const at = index * traceIdWords
    if (at === this.words.length) this.words = resized(this.words, at * 2)
    copyWords(traceId, 0, this.words, at)
    this.slots.put(slot, index)
    if (this.slots.isCrowded(this.length))
      this.slots.grow(this.length, (key) => hashTraceId(this.words, key * traceIdWords))
    return index
  }
}
