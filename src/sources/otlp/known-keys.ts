import { BytePattern } from '../protobuf/byte-pattern.ts'

/** Attribute keys that are looked for, found by comparing bytes: no text is made of keys nobody wants. */
export class KnownKeys {
  /** By length: of one length there are few. */
  private readonly byLength: { key: BytePattern; index: number }[][] = []

  constructor(keys: readonly string[]) {
    for (const [index, text] of keys.entries()) {
      const key = new BytePattern(text)
      this.byLength[key.length] = [...(this.byLength[key.length] ?? []), { key, index }]
    }
  }

  /** Index of the key that stands at `start` up to `end`, or -1. */
  indexOf(view: DataView, start: number, end: number): number {
    const keys = this.byLength[end - start]
    if (keys === undefined) return -1
    for (let at = 0; at < keys.length; at++) {
      const { key, index } = keys[at]!
      if (key.startsAt(view, start)) return index
    }
    return -1
  }
}
