import { grown } from './column.ts'

/**
 * Numbers distinct pairs of 32-bit integers 0, 1, 2, ... in order of first sight.
 *
 * A Map keyed by a combined number would box every key beyond 31 bits; this one allocates only when it grows.
 */
export class PairIndex {
  length = 0
  /** The pairs by number. */
  first = new Int32Array(64)
  second = new Int32Array(64)
  /** Open addressing: number + 1, 0 is free. */
  private slots = new Int32Array(256)

  /** The number of the pair (a, b), a new one at first sight. */
  indexOf(a: number, b: number): number {
    const mask = this.slots.length - 1
    for (let slot = hashPair(a, b) & mask; ; slot = (slot + 1) & mask) {
      const index = this.slots[slot]! - 1
      if (index < 0) return this.insert(a, b, slot)
      if (this.first[index] === a && this.second[index] === b) return index
    }
  }

  /** The number of the pair (a, b), or -1. */
  find(a: number, b: number): number {
    const mask = this.slots.length - 1
    for (let slot = hashPair(a, b) & mask; ; slot = (slot + 1) & mask) {
      const index = this.slots[slot]! - 1
      if (index < 0 || (this.first[index] === a && this.second[index] === b)) return index
    }
  }

  private insert(a: number, b: number, slot: number): number {
    const index = this.length++
    if (index === this.first.length) this.growPairs(index * 2)
    this.first[index] = a
    this.second[index] = b
    this.slots[slot] = index + 1
    if (this.length * 2 > this.slots.length) this.growSlots()
    return index
  }

  private growPairs(capacity: number): void {
    this.first = grown(this.first, capacity)
    this.second = grown(this.second, capacity)
  }

  private growSlots(): void {
    const slots = new Int32Array(this.slots.length * 2)
    const mask = slots.length - 1
    for (let index = 0; index < this.length; index++) {
      let slot = hashPair(this.first[index]!, this.second[index]!) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = index + 1
    }
    this.slots = slots
  }
}

function hashPair(a: number, b: number): number {
  const mixed = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b)
  return (mixed ^ (mixed >>> 15)) >>> 0
}
