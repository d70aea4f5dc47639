/** Attribute keys that are looked for, found by comparing bytes: no text is made of keys nobody wants. */
export class KnownKeys {
  /** By length: of one length there are few. */
  private readonly byLength: { key: Uint8Array; index: number }[][] = []

  constructor(keys: readonly string[]) {
    for (const [index, text] of keys.entries()) {
      const key = new TextEncoder().encode(text)
      this.byLength[key.length] = [...(this.byLength[key.length] ?? []), { key, index }]
    }
  }

  /** Index of the key in `bytes[start, end)`, or -1. */
  indexOf(bytes: Uint8Array, start: number, end: number): number {
    const keys = this.byLength[end - start]
    if (keys === undefined) return -1
    for (const { key, index } of keys) {
      let at = key.length - 1
      while (at >= 0 && bytes[start + at] === key[at]) at--
      if (at < 0) return index
    }
    return -1
  }
}
