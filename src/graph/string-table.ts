/** In place of an index: a name there was no room for. All of them are one. */
export const folded = -1
/** What such names are called. */
export const foldedText = 'other'

/** A byte order mark is part of a string like any other character. */
const utf8Decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const utf8Encoder = new TextEncoder()

/** Over `bytes[start, end)`, 32 bits, four bytes a step: FNV-1a, a byte a step, waits for each multiplication. */
function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start
  let at = start
  for (; at + 4 <= end; at += 4) {
    const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    hash = Math.imul(hash ^ word, 0x9e3779b1)
    hash ^= hash >>> 15
  }
  for (; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193)
  return (hash ^ (hash >>> 13)) >>> 0
}

/**
 * Gives every distinct string a small number, so that spans can carry numbers.
 *
 * Strings come in as UTF-8 bytes of a message that is being decoded and are looked up without making a
 * JavaScript string: only the first sight of a value allocates. Index 0 is always the empty string, which
 * stands for "absent" everywhere in this project.
 */
export class StringTable {
  /** Text by index. */
  private readonly texts: string[] = ['']
  private readonly indexByText = new Map<string, number>([['', 0]])
  /** Open addressing over byte sequences: `slots` holds entry + 1, 0 is free. */
  private slots = new Int32Array(1024)
  private entryBytes: Uint8Array[] = []
  private entryHashes: number[] = []
  private entryIndexes: number[] = []
  private names = 0
  private readonly maxNames: number

  /** @param maxNames most strings that `internName` makes room for */
  constructor(maxNames = Number.POSITIVE_INFINITY) {
    this.maxNames = maxNames
  }

  get size(): number {
    return this.texts.length
  }

  /** The index of the UTF-8 string in `bytes[start, end)`. */
  intern(bytes: Uint8Array, start: number, end: number): number {
    if (start === end) return 0
    const hash = hashBytes(bytes, start, end)
    const slot = this.slotOf(bytes, start, end, hash)
    const entry = this.slots[slot]! - 1
    // A copy: the slice of a Buffer would be a view and keep the whole message.
    return entry < 0
      ? this.insert(new Uint8Array(bytes.subarray(start, end)), hash, slot)
      : this.entryIndexes[entry]!
  }

  /**
   * As `intern`, for names of which a sender may make as many as it likes: `folded` for those beyond the bound, so that
   * what they take is bounded as well.
   */
  internName(bytes: Uint8Array, start: number, end: number): number {
    if (start === end) return 0
    const hash = hashBytes(bytes, start, end)
    const slot = this.slotOf(bytes, start, end, hash)
    const entry = this.slots[slot]! - 1
    if (entry >= 0) return this.entryIndexes[entry]!
    if (this.names >= this.maxNames) return folded
    this.names++
    return this.insert(new Uint8Array(bytes.subarray(start, end)), hash, slot)
  }

  /** The index here of a string of another table. */
  adopt(other: StringTable, index: number): number {
    return index < 0 ? index : this.internText(other.text(index))
  }

  internText(text: string): number {
    const known = this.indexByText.get(text)
    if (known !== undefined) return known
    const bytes = utf8Encoder.encode(text)
    return this.intern(bytes, 0, bytes.length)
  }

  text(index: number): string {
    return index < 0 ? foldedText : this.texts[index]!
  }

  /** Where the bytes stand, or would. */
  private slotOf(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const mask = this.slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = this.slots[slot]! - 1
      if (entry < 0) return slot
      if (this.entryHashes[entry] === hash && sameBytes(this.entryBytes[entry]!, bytes, start, end))
        return slot
    }
  }

  /** Two byte sequences may decode to one text (invalid UTF-8): they share an index. */
  private insert(bytes: Uint8Array, hash: number, slot: number): number {
    const text = utf8Decoder.decode(bytes)
    let index = this.indexByText.get(text)
    if (index === undefined) {
      index = this.texts.length
      this.texts.push(text)
      this.indexByText.set(text, index)
    }
    this.entryBytes.push(bytes)
    this.entryHashes.push(hash)
    this.entryIndexes.push(index)
    this.slots[slot] = this.entryBytes.length
    if (this.entryBytes.length * 2 > this.slots.length) this.grow()
    return index
  }

  private grow(): void {
    const slots = new Int32Array(this.slots.length * 2)
    const mask = slots.length - 1
    for (let entry = 0; entry < this.entryHashes.length; entry++) {
      let slot = this.entryHashes[entry]! & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = entry + 1
    }
    this.slots = slots
  }
}

function sameBytes(entry: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (entry.length !== end - start) return false
  for (let i = 0; i < entry.length; i++) if (entry[i] !== bytes[start + i]) return false
  return true
}
