interface Entry<T> {
  hash: number
  key: string
  /** How often it was added, less how often it was removed. */
  times: number
  value: T
}

/** How many times `size` values are kept, so that removed ones have successors. */
const reserveFactor = 10

/**
 * A sample of values: those with the smallest hashes (bottom-k). It does not depend on the order of the values, nor on
 * whether they come in one sample or in several that are merged. That also holds after removals, if fewer than nine
 * times `size` values are removed.
 */
export class HashSample<T> {
  private readonly size: number
  /** In order of hash, then key. */
  private readonly entries: Entry<T>[] = []

  /** @param size most values that `values` returns */
  constructor(size: number) {
    this.size = size
  }

  /**
   * @param key distinguishes values of one hash; called, like `value`, only if the hash is small enough
   * @param times 1, or -1 to remove the value
   */
  add(hash: number, key: () => string, value: () => T, times: number): void {
    const { entries } = this
    const isFull = entries.length >= this.size * reserveFactor
    if (isFull && hash > entries[entries.length - 1]!.hash) return
    const text = key()
    const at = this.positionOf(hash, text)
    const entry = entries[at]
    if (entry?.hash !== hash || entry.key !== text) {
      entries.splice(at, 0, { hash, key: text, times, value: value() })
      if (isFull) entries.pop()
      return
    }
    entry.times += times
    if (entry.times === 0) entries.splice(at, 1)
  }

  /** Adds all values of `other`. */
  merge(other: HashSample<T>): void {
    for (const { hash, key, times, value } of other.entries) {
      this.add(
        hash,
        () => key,
        () => value,
        times,
      )
    }
  }

  /** Returns the sample in order of the hashes. */
  values(): T[] {
    const present = this.entries.filter(({ times }) => times > 0)
    return present.slice(0, this.size).map(({ value }) => value)
  }

  /** Returns the position of an entry, or where to insert it. */
  private positionOf(hash: number, key: string): number {
    const { entries } = this
    let from = 0
    let to = entries.length
    while (from < to) {
      const middle = (from + to) >> 1
      const entry = entries[middle]!
      if (entry.hash < hash || (entry.hash === hash && entry.key < key)) from = middle + 1
      else to = middle
    }
    return from
  }
}
