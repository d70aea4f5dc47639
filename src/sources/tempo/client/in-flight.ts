/**
 * Work that begins with a question to Tempo. So many are asked at once; what is done with an answer does not count,
 * so that Tempo never waits for us. Of answers that are not done with there are at most as many more.
 */
export class InFlight {
  private asking = 0
  private working = 0
  private readonly max: number
  private readonly failures: unknown[] = []
  private wake = () => {}

  constructor(max: number) {
    this.max = max
  }

  get hasRoom(): boolean {
    return this.failures.length === 0 && this.asking < this.max && this.working < this.max * 2
  }

  get isIdle(): boolean {
    return this.working === 0 && this.failures.length === 0
  }

  /** @param work calls `answered` when Tempo has answered */
  start(work: (answered: () => void) => Promise<void>): void {
    this.asking++
    this.working++
    let isAsking = true
    const answered = () => {
      if (isAsking) this.asking--
      isAsking = false
      this.wake()
    }
    work(answered)
      .catch((error) => void this.failures.push(error))
      .finally(() => {
        this.working--
        answered()
      })
  }

  /** Waits until something has been answered or is done. @throws the first failure, when all that was begun is done */
  async change(): Promise<void> {
    do {
      if (this.working > 0) await this.next()
    } while (this.failures.length > 0 && this.working > 0)
    if (this.failures.length > 0) throw this.failures[0]
  }

  private next(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve
    })
  }
}
