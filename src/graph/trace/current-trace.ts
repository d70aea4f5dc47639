/** The trace whose spans are being counted, known to all that counts them. */
export class CurrentTrace {
  /** Four words, most significant first. */
  readonly id = new Uint32Array(4)
  /** Of the id; 32 bits. */
  hash = 0

  /** @param id four words */
  start(id: Uint32Array): void {
    copyId(id, 0, this.id, 0)
    let hash = 0
    for (let word = 0; word < 4; word++) hash = scrambled(hash ^ id[word]!)
    this.hash = hash >>> 0
  }

  /** Hash of a call of this duration in this trace; 32 bits. */
  callHash(durationNs: number): number {
    return scrambled(this.hash ^ (durationNs >>> 0)) >>> 0
  }
}

/** The mixing step of MurmurHash3 (Austin Appleby), in which each bit depends on every other. */
function scrambled(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

/** Order of the ids of four words at `a[at]` and `b[bt]`. */
export function compareIds(a: Uint32Array, at: number, b: Uint32Array, bt: number): number {
  for (let word = 0; word < 4; word++) {
    const difference = a[at + word]! - b[bt + word]!
    if (difference !== 0) return difference
  }
  return 0
}

export function copyId(from: Uint32Array, at: number, to: Uint32Array, bt: number): void {
  for (let word = 0; word < 4; word++) to[bt + word] = from[at + word]!
}

const hexDigits = new TextEncoder().encode('0123456789abcdef')
/** Character codes of the id that is being written. */
const characters = new Array<number>(32).fill(0)

/** The id of four words at `ids[at]` as 32 hex digits. */
export function hexId(ids: Uint32Array, at: number): string {
  for (let digit = 0; digit < characters.length; digit++) {
    const word = ids[at + (digit >> 3)]!
    characters[digit] = hexDigits[(word >>> (28 - (digit & 7) * 4)) & 15]!
  }
  return String.fromCharCode(...characters)
}
