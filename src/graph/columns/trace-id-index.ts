import { grown } from './column.ts'

/** Numbers distinct trace ids 0, 1, 2, ... in order of first sight; 16 bytes and a slot for each. */
export class TraceIdIndex {
  length = 0
  /** Four words for each id. */
  private words = new Uint32Array(4 * 1024)
  /** Open addressing: number + 1, 0 is free. */
  private slots = new Int32Array(4 * 1024)

  /** The number of the id in `traceId[0..3]`, a new one at first sight. */
  indexOf(traceId: Uint32Array): number {
    const slot = this.slotOf(traceId)
    const index = this.slots[slot]! - 1
    return index < 0 ? this.insert(traceId, slot) : index
  }

  /** The number of the id, or -1. */
  find(traceId: Uint32Array): number {
    return this.slots[this.slotOf(traceId)]! - 1
  }

  /** Four words of each id, in order of the numbers; valid until the next id is added. */
  get idWords(): Uint32Array {
    return this.words.subarray(0, this.length * 4)
  }

  /** Where the id stands, or would. */
  private slotOf(traceId: Uint32Array): number {
    const mask = this.slots.length - 1
    let slot = hashTraceId(traceId, 0) & mask
    for (;;) {
      const index = this.slots[slot]! - 1
      if (index < 0 || this.same(index, traceId)) return slot
      slot = (slot + 1) & mask
    }
  }

  private insert(traceId: Uint32Array, slot: number): number {
    const index = this.length++
    if (index * 4 === this.words.length) {
      this.words = grown(this.words, this.words.length * 2)
    }
    this.words.set(traceId, index * 4)
    this.slots[slot] = index + 1
    if (this.length * 2 > this.slots.length) this.growSlots()
    return index
  }

  private same(index: number, traceId: Uint32Array): boolean {
    const at = index * 4
    const { words } = this
    return (
      words[at + 3] === traceId[3] &&
      words[at + 2] === traceId[2] &&
      words[at + 1] === traceId[1] &&
      words[at] === traceId[0]
    )
  }

  private growSlots(): void {
    const slots = new Int32Array(this.slots.length * 2)
    const mask = slots.length - 1
    for (let index = 0; index < this.length; index++) {
      let slot = hashTraceId(this.words, index * 4) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = index + 1
    }
    this.slots = slots
  }
}

/** A hash of the four words from `at` on, 32 bits. */
export function hashTraceId(words: Uint32Array, at: number): number {
  const mixed =
    Math.imul(words[at]!, 0x9e3779b1) ^
    Math.imul(words[at + 1]!, 0x85ebca6b) ^
    Math.imul(words[at + 2]!, 0xc2b2ae35) ^
    Math.imul(words[at + 3]!, 0x27d4eb2f)
  return (mixed ^ (mixed >>> 15)) >>> 0
}

/** A trace id of four words as the rest of the world writes it: 32 hex digits. */
export function hexTraceId(words: Uint32Array): string {
  return [...words].map((word) => word.toString(16).padStart(8, '0')).join('')
}
