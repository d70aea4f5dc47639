/** Numbers distinct trace ids 0, 1, 2, ... in order of first sight, without making a string or an object of them. */
export class TraceIdIndex {
  length = 0
  /** Four words for each id, by number. */
  private words = new Uint32Array(4 * 256)
  /** Open addressing: number + 1, 0 is free. */
  private slots = new Int32Array(1024)

  /** The number of the trace id, a new one at first sight. */
  indexOf(id: Uint32Array): number {
    const mask = this.slots.length - 1
    for (let slot = hashWords(id, 0) & mask; ; slot = (slot + 1) & mask) {
      const index = this.slots[slot]! - 1
      if (index < 0) return this.insert(id, slot)
      if (this.holds(index, id)) return index
    }
  }

  copyTo(index: number, id: Uint32Array): void {
    for (let i = 0; i < 4; i++) id[i] = this.words[index * 4 + i]!
  }

  /** Order of two ids as hex strings have it: negative, 0 or positive. */
  compare(a: number, b: number): number {
    for (let i = 0; i < 4; i++) {
      const difference = this.words[a * 4 + i]! - this.words[b * 4 + i]!
      if (difference !== 0) return difference
    }
    return 0
  }

  private holds(index: number, id: Uint32Array): boolean {
    const { words } = this
    const at = index * 4
    // The last word first: ids of 64 bits and of some generators share the others.
    return (
      words[at + 3] === id[3] && words[at + 2] === id[2] && words[at + 1] === id[1] && words[at] === id[0]
    )
  }

  private insert(id: Uint32Array, slot: number): number {
    const index = this.length++
    if (this.length * 4 > this.words.length) {
      const words = new Uint32Array(this.words.length * 2)
      words.set(this.words)
      this.words = words
    }
    this.words.set(id, index * 4)
    this.slots[slot] = index + 1
    if (this.length * 2 > this.slots.length) this.growSlots()
    return index
  }

  private growSlots(): void {
    const slots = new Int32Array(this.slots.length * 2)
    const mask = slots.length - 1
    for (let index = 0; index < this.length; index++) {
      let slot = hashWords(this.words, index * 4) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = index + 1
    }
    this.slots = slots
  }
}

/** Every word counts: ids that are counters differ in few bits. */
function hashWords(words: Uint32Array, at: number): number {
  let hash = 0
  for (let i = 0; i < 4; i++) {
    hash = Math.imul(hash ^ words[at + i]!, 0x85ebca6b)
    hash ^= hash >>> 15
  }
  hash = Math.imul(hash, 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
