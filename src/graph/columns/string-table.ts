import { resized, withRoom } from './grow.ts'
import { HashSlots } from './hash-index.ts'
import { hashBytes } from './hashing.ts'

/** The index of all names beyond the limit of a table. */
export const otherIndex = -1
/** The text of `otherIndex`. */
export const otherText = 'other'

/** A byte order mark is part of a string like any other character. */
const utf8Decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const utf8Encoder = new TextEncoder()

/**
 * Gives every distinct string a small number, its index, so that spans can hold numbers.
 *
 * Strings come as UTF-8 bytes of a message that is being decoded. They are found without making a JavaScript string:
 * only a new value allocates. Index 0 is always the empty string, which means "absent" throughout this project.
 */
export class StringTable {
  /** Text by index. */
  private readonly texts: string[] = ['']
  private readonly indexByText = new Map<string, number>([['', 0]])
  private readonly slots = new HashSlots(1024)
  private entries = 0
  private hashes = new Int32Array(512)
  private indexes = new Int32Array(512)
  /** Where each entry ends in `stored`; it begins at the end of the previous one. */
  private ends = new Int32Array(512)
  /** The bytes of all entries in one array, because they are compared all the time. */
  private stored = new Uint8Array(8192)
  private storedView = viewOf(this.stored)
  private names = 0
  /** The bytes that `view` is a view of. */
  private bytes: Uint8Array = new Uint8Array(0)
  private view = viewOf(this.bytes)
  private readonly maxNames: number

  /** @param maxNames most strings that `internName` adds */
  constructor(maxNames = Number.POSITIVE_INFINITY) {
    this.maxNames = maxNames
  }

  /** How many distinct strings there are; indexes are below it. */
  get size(): number {
    return this.texts.length
  }

  /** Returns the index of the UTF-8 string from `start` up to `end` in `bytes`. */
  intern(bytes: Uint8Array, start: number, end: number): number {
    if (start === end) return 0
    const view = this.viewFor(bytes)
    const hash = hashBytes(view, start, end)
    const slot = this.slotOf(view, start, end, hash)
    const entry = this.slots.keyAt(slot)
    return entry < 0 ? this.insert(start, end, hash, slot) : this.indexes[entry]!
  }

  /**
   * Returns the same as `intern`, or `otherIndex` for a new string beyond `maxNames`. It bounds the memory of names that
   * a sender can make up without limit.
   */
  internName(bytes: Uint8Array, start: number, end: number): number {
    if (start === end) return 0
    const view = this.viewFor(bytes)
    const hash = hashBytes(view, start, end)
    const slot = this.slotOf(view, start, end, hash)
    const entry = this.slots.keyAt(slot)
    if (entry >= 0) return this.indexes[entry]!
    if (this.names >= this.maxNames) return otherIndex
    this.names++
    return this.insert(start, end, hash, slot)
  }

  /** Returns the index in this table of a string of another table. */
  internFrom(other: StringTable, index: number): number {
    return index < 0 ? index : this.internText(other.text(index))
  }

  /** Returns the index of a JavaScript string. */
  internText(text: string): number {
    const known = this.indexByText.get(text)
    if (known !== undefined) return known
    const bytes = utf8Encoder.encode(text)
    return this.intern(bytes, 0, bytes.length)
  }

  /** Returns the text of an index, `other` for `otherIndex`. */
  text(index: number): string {
    return index < 0 ? otherText : this.texts[index]!
  }

  private viewFor(bytes: Uint8Array): DataView {
    if (bytes === this.bytes) return this.view
    this.bytes = bytes
    this.view = viewOf(bytes)
    return this.view
  }

  /** Returns the slot of the bytes, or the free slot where they belong. */
  private slotOf(view: DataView, start: number, end: number, hash: number): number {
    const { hashes } = this
    const { slots, mask } = this.slots
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = slots[slot]! - 1
      if (entry < 0 || (hashes[entry] === hash && this.isEntry(entry, view, start, end))) return slot
    }
  }

  /** Returns whether an entry equals the bytes from `start` up to `end` in `view`. */
  private isEntry(entry: number, view: DataView, start: number, end: number): boolean {
    const { storedView } = this
    const from = this.startOf(entry)
    const shift = from - start
    if (this.ends[entry]! - from !== end - start) return false
    let at = start
    for (; at + 4 <= end; at += 4) {
      if (storedView.getInt32(at + shift) !== view.getInt32(at)) return false
    }
    for (; at < end; at++) if (storedView.getUint8(at + shift) !== view.getUint8(at)) return false
    return true
  }

  private startOf(entry: number): number {
    return entry === 0 ? 0 : this.ends[entry - 1]!
  }

  /** Adds an entry. Two byte sequences that decode to one text, because of invalid UTF-8, share an index. */
  private insert(start: number, end: number, hash: number, slot: number): number {
    const text = utf8Decoder.decode(this.bytes.subarray(start, end))
    let index = this.indexByText.get(text)
    if (index === undefined) {
      index = this.texts.length
      this.texts.push(text)
      this.indexByText.set(text, index)
    }
    const entry = this.entries++
    if (entry === this.ends.length) this.growEntries(entry * 2)
    this.store(this.startOf(entry), start, end)
    this.ends[entry] = this.startOf(entry) + end - start
    this.hashes[entry] = hash
    this.indexes[entry] = index
    this.slots.put(slot, entry)
    if (this.slots.isCrowded(this.entries)) this.slots.grow(this.entries, (key) => this.hashes[key]!)
    return index
  }

  private store(at: number, start: number, end: number): void {
    const needed = at + end - start
    if (needed > this.stored.length) {
      this.stored = withRoom(this.stored, needed)
      this.storedView = viewOf(this.stored)
    }
    this.stored.set(this.bytes.subarray(start, end), at)
  }

  private growEntries(capacity: number): void {
    this.ends = resized(this.ends, capacity)
    this.hashes = resized(this.hashes, capacity)
    this.indexes = resized(this.indexes, capacity)
  }
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
