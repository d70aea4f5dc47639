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
  private readonly renamed: RenamedNames | undefined

  /**
   * @param maxNames most strings that `internName` adds
   * @param rename changes each name that `internName` adds; absent: names stay as they are
   */
  constructor(maxNames = Number.POSITIVE_INFINITY, rename?: (name: string) => string) {
    this.maxNames = maxNames
    this.renamed = rename && new RenamedNames(rename)
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
    if (this.renamed) return this.renamed.indexOf(bytes, start, end, this)
    const view = this.viewFor(bytes)
    const hash = hashBytes(view, start, end)
    const slot = this.slotOf(view, start, end, hash)
    const entry = this.slots.keyAt(slot)
    if (entry >= 0) return this.indexes[entry]!
    if (this.names >= this.maxNames) return otherIndex
    this.names++
    return this.insert(start, end, hash, slot)
  }

  /** Returns the index of a name that `rename` made, or `otherIndex` for a new one beyond `maxNames`. */
  internRenamed(name: string): number {
    const known = this.indexByText.get(name)
    if (known !== undefined) return known
    if (this.names >= this.maxNames) return otherIndex
    this.names++
    return this.internText(name)
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

/** Most names whose new name is remembered. The others are renamed each time, so the result is the same. */
const mostRemembered = 100_000

/** Renames each name once, up to a limit of memory. */
class RenamedNames {
  private readonly rename: (name: string) => string
  private readonly names = new StringTable(mostRemembered)
  /** The index of the new name, by index of the name; 0 if not known yet. */
  private indexes = new Int32Array(1024)

  constructor(rename: (name: string) => string) {
    this.rename = rename
  }

  /** @param strings those that get the new name */
  indexOf(bytes: Uint8Array, start: number, end: number, strings: StringTable): number {
    const name = this.names.internName(bytes, start, end)
    if (name === otherIndex) return strings.internRenamed(this.rename(textOf(bytes, start, end)))
    if (name >= this.indexes.length) this.indexes = withRoom(this.indexes, name + 1)
    if (this.indexes[name] === 0) {
      this.indexes[name] = strings.internRenamed(this.rename(this.names.text(name)))
    }
    return this.indexes[name]!
  }
}

const textOf = (bytes: Uint8Array, start: number, end: number) =>
  utf8Decoder.decode(bytes.subarray(start, end))
const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
