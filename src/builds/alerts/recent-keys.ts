/** Keys seen in the last while; the oldest go when there are too many. */
export class RecentKeys {
  private readonly seenAtMs = new Map<string, number>()
  maxAgeMs: number
  private readonly maxKeys: number

  constructor(maxAgeMs: number, maxKeys: number) {
    this.maxAgeMs = maxAgeMs
    this.maxKeys = maxKeys
  }

  get size(): number {
    return this.seenAtMs.size
  }

  has(key: string, nowMs: number): boolean {
    const seen = this.seenAtMs.get(key)
    // A clock that was set back makes keys look as if they came later: those count as seen for no longer.
    return seen !== undefined && seen <= nowMs && nowMs - seen < this.maxAgeMs
  }

  add(key: string, nowMs: number): void {
    this.seenAtMs.delete(key)
    this.seenAtMs.set(key, nowMs)
    for (const [oldest, seen] of this.seenAtMs) {
      if (this.seenAtMs.size <= this.maxKeys && nowMs - seen < this.maxAgeMs) break
      this.seenAtMs.delete(oldest)
    }
  }

  delete(key: string): void {
    this.seenAtMs.delete(key)
  }
}
