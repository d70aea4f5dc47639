import type { Alert } from './notification.ts'

/** Returns the key of an alert under a rule: repeated notifications of the same alert have the same key. */
export function alertKey(rule: string, { labels, fingerprint, startsAt, status }: Alert): string {
  const identity = fingerprint || JSON.stringify(Object.entries(labels).sort())
  return JSON.stringify([rule, identity, startsAt, status])
}

/** Keys of the alerts seen in the last while: an alert with such a key is a duplicate. */
export class SeenAlerts {
  private readonly seenAtMs = new Map<string, number>()
  /** How long an alert counts as seen, ms. */
  maxAgeMs: number
  private readonly maxKeys: number

  /** @param maxKeys most keys; the oldest are forgotten first */
  constructor(maxAgeMs: number, maxKeys: number) {
    this.maxAgeMs = maxAgeMs
    this.maxKeys = maxKeys
  }

  has(key: string, nowMs: number): boolean {
    const seen = this.seenAtMs.get(key)
    // After a clock was set back, keys seem to come from the future: they no longer count as seen.
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
