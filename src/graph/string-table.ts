/** In place of an index: a name there was no room for. All of them are one. */
export const folded = -1
/** What such names are called. */
export const foldedText = 'other'

/** A byte order mark is part of a string like any other character. */
const utf8Decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const utf8Encoder = new TextEncoder()

/** Of `bytes[start, end)`, 32 bits; a word a step, since each step waits for the multiplication of the last. */
function hashBytes(view: DataView, start: number, end: number): number {
  let hash = end - start
  let at = start
  for (; at + 4 <= end; at += 4) {
    hash = Math.imul(hash ^ view.getUint32(at, true), 0x9e3779b1)
    hash ^= hash >>> 15
  }
  for (; at < end; at++) hash = Math.imul(hash ^ view.getUint8(at), 0x01000193)
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
  private readonly entryBytes: DataView[] = []
  private entryHashes: number[] = []
  private entryIndexes: number[] = []
  private names = 0
  /** The bytes that were last looked into. */
  private bytes: Uint8Array = new Uint8Array(0)
  private view = viewOf(this.bytes)
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
    const view = this.look(bytes)
    const hash = hashBytes(view, start, end)
    const slot = this.slotOf(view, start, end, hash)
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
    const view = this.look(bytes)
    const hash = hashBytes(view, start, end)
    const slot = this.slotOf(view, start, end, hash)
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

  private look(bytes: Uint8Array): DataView {
    if (bytes === this.bytes) return this.view
    this.bytes = bytes
    this.view = viewOf(bytes)
    return this.view
  }

  /** Where the bytes stand, or would. */
  private slotOf(view: DataView, start: number, end: number, hash: number): number {
    const mask = this.slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = this.slots[slot]! - 1
      if (entry < 0) return slot
      if (this.entryHashes[entry] === hash && sameBytes(this.entryBytes[entry]!, view, start, end))
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
    this.entryBytes.push(viewOf(bytes))
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

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

function sameBytes(entry: DataView, view: DataView, start: number, end: number): boolean {
  const length = end - start
  if (entry.byteLength !== length) return false
  let at = 0
  for (; at + 4 <= length; at += 4) {
    if (entry.getUint32(at, true) !== view.getUint32(start + at, true)) return false
  }
  for (; at < length; at++) if (entry.getUint8(at) !== view.getUint8(start + at)) return false
  return true
}
