/** Returns numbers from 0 (inclusive) to 1 (exclusive). */
export type Random = () => number

/** Creates a random number generator with a seed (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Returns an id of `bytes` random bytes in hex, never all zero. */
export function randomId(random: Random, bytes: number): string {
  let id = ''
  while (id.length < bytes * 2)
    id += Math.floor(random() * 256)
      .toString(16)
      .padStart(2, '0')
  return /^0+$/.test(id) ? randomId(random, bytes) : id
}
