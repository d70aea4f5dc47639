interface Entry<T> {
  hash: number
  key: string
  /** How often it was added, less how often it was taken back. */
  times: number
  value: T
}

/** So many more are kept than are shown: what is taken back has successors. */
const reserveFactor = 10

/**
 * A few of many things, chosen by the smallest hashes: the same ones in whatever order they come, in one sample or
 * in several that are merged. That also holds when things are taken back, as long as they are fewer than nine times
 * the size.
 */
export class HashSample<T> {
  private readonly size: number
  /** In order of hash, then key. */
  private readonly entries: Entry<T>[] = []

  /** @param size how many are shown */
  constructor(size: number) {
    this.size = size
  }

  /**
   * @param key tells things of one hash apart; asked for, as `value` is, only when it may be among the first
   * @param times 1, or -1 to take it back
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

  /** The first of them, in order of hash. */
  values(): T[] {
    const present = this.entries.filter(({ times }) => times > 0)
    return present.slice(0, this.size).map(({ value }) => value)
  }

  /** Where it stands, or would. */
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
