const utf8 = new TextEncoder()

/**
 * A text, or the bytes of a whole field, to find in messages. Compares a word at a time, and makes no strings of the
 * compared bytes.
 */
export class BytePattern {
  /** In bytes. */
  readonly length: number
  private readonly bytes: Uint8Array
  /** Words of a pattern of four bytes or more, the last first: keys differ most at their ends. Words may overlap. */
  private readonly words: Uint32Array

  constructor(text: string | Uint8Array) {
    const bytes = typeof text === 'string' ? utf8.encode(text) : text.slice()
    const view = new DataView(bytes.buffer)
    const words: number[] = []
    for (let at = bytes.length - 4; at >= 0; at -= 4) words.push(view.getUint32(at, true))
    if (bytes.length > 4 && bytes.length % 4 > 0) words.push(view.getUint32(0, true))
    this.length = bytes.length
    this.bytes = bytes
    this.words = Uint32Array.from(words)
  }

  /** Whether the bytes from `start` to `end` are the pattern; both must be within `view`. */
  is(view: DataView, start: number, end: number): boolean {
    return end - start === this.length && this.startsAt(view, start)
  }

  /** Whether the bytes at `start` are the pattern; `view` must hold that many bytes. */
  startsAt(view: DataView, start: number): boolean {
    const { words, length } = this
    if (length < 4) return this.isShort(view, start)
    const last = words.length - 1
    for (let word = 0, at = start + length - 4; word < last; word++, at -= 4) {
      if (view.getUint32(at, true) !== words[word]) return false
    }
    return view.getUint32(start, true) === words[last]
  }

  private isShort(view: DataView, start: number): boolean {
    for (let at = 0; at < this.length; at++) if (view.getUint8(start + at) !== this.bytes[at]) return false
    return true
  }
}
