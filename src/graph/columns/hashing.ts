/** Odd multipliers without a pattern in their bits, from xxHash and MurmurHash3. */
const prime1 = 0x9e3779b1
const prime2 = 0x85ebca6b
const prime3 = 0xc2b2ae35
const prime4 = 0x27d4eb2f

/** The finalizer of MurmurHash3 (Austin Appleby): every bit of the word changes every bit of the result. */
export function mix(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), prime2)
  mixed = Math.imul(mixed ^ (mixed >>> 13), prime3)
  return mixed ^ (mixed >>> 16)
}

/**
 * Hashes two words to 32 bits. Every bit of both reaches the low bits of the result, because some SDKs count span ids
 * up in their high bytes.
 */
export function hashPair(a: number, b: number): number {
  const mixed = Math.imul(a ^ (a >>> 16), prime1) ^ b
  const hash = Math.imul(mixed ^ (mixed >>> 15), prime2)
  return hash ^ (hash >>> 13)
}

/** Hashes `words[at]` to `words[at + count - 1]` to 32 bits, as an unsigned number. */
export function hashWords(words: Uint32Array, at: number, count: number): number {
  let hash = 0
  for (let word = at; word < at + count; word++) hash = mix(hash ^ words[word]!)
  return hash >>> 0
}

/**
 * Hashes the trace id in `words[at]` to `words[at + 3]` to 32 bits, as an unsigned number. It is faster than
 * `hashWords`, because no product waits for another.
 */
export function hashTraceId(words: Uint32Array, at: number): number {
  const mixed =
    Math.imul(words[at]!, prime1) ^
    Math.imul(words[at + 1]!, prime2) ^
    Math.imul(words[at + 2]!, prime3) ^
    Math.imul(words[at + 3]!, prime4)
  return (mixed ^ (mixed >>> 15)) >>> 0
}

/** An odd multiplier for each word of a string; they repeat after 256 bytes. */
const multipliers = Int32Array.from({ length: 64 }, (_, word) => Math.imul(2 * word + 1, prime1))

/**
 * Hashes the bytes from `start` up to `end` to 32 bits. It adds their words, each times its own multiplier, so that no
 * product waits for another. The last word may overlap the one before.
 */
export function hashBytes(view: DataView, start: number, end: number): number {
  const last = end - 4
  let hash = end - start
  if (last < start)
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ view.getUint8(at), 0x01000193)
  else {
    for (let at = start, word = 0; at < last; at += 4, word++) {
      hash = (hash + Math.imul(view.getInt32(at, true), multipliers[word & 63]!)) | 0
    }
    hash = Math.imul(hash ^ view.getInt32(last, true), prime4)
  }
  hash = Math.imul(hash ^ (hash >>> 16), prime2)
  return hash ^ (hash >>> 13)
}
