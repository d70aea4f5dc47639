/**
 * Runs searches, and the work on their answers.
 *
 * At most `max` searches wait for Tempo. Work on an answer does not count, so that Tempo never waits for it. At most
 * as many answers again are in memory.
 */
export class SearchPool {
  private searching = 0
  private running = 0
  private readonly max: number
  private readonly failures: unknown[] = []
  private wake = () => {}

  constructor(max: number) {
    this.max = max
  }

  get hasRoom(): boolean {
    return this.failures.length === 0 && this.searching < this.max && this.running < this.max * 2
  }

  get isIdle(): boolean {
    return this.running === 0 && this.failures.length === 0
  }

  /** @param work calls `answered` after Tempo has answered */
  start(work: (answered: () => void) => Promise<void>): void {
    this.searching++
    this.running++
    let isSearching = true
    const answered = () => {
      if (isSearching) this.searching--
      isSearching = false
      this.wake()
    }
    work(answered)
      .catch((error) => void this.failures.push(error))
      .finally(() => {
        this.running--
        answered()
      })
  }

  /** Waits until a search has been answered or its work has ended. @throws the first failure, after all work has ended */
  async change(): Promise<void> {
    do {
      if (this.running > 0) await this.next()
    } while (this.failures.length > 0 && this.running > 0)
    if (this.failures.length > 0) throw this.failures[0]
  }

  private next(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve
    })
  }
}
