/** Lets tasks of one key run one after the other, in the order they came, and tasks of different keys side by side. */
export interface WriteQueue {
  /**
   * @returns what `task` returns; a task that fails does not hold up the next one
   * @throws the signal's reason, when it aborts before the task's turn; a task that has begun is waited for
   */
  run<T>(key: string, signal: AbortSignal, task: () => Promise<T>): Promise<T>
  /** Resolves when all tasks known so far have ended. */
  idle(): Promise<void>
}

/** @param limit most tasks at a time, over all keys */
export function createWriteQueue(limit: number): WriteQueue {
  const tails = new Map<string, Promise<void>>()
  const waiting: (() => void)[] = []
  let running = 0

  async function enter(): Promise<void> {
    if (running < limit) running++
    else await new Promise<void>((resolve) => waiting.push(resolve))
  }

  /** The place goes to who waits longest, so `running` stays; else it is free. */
  function leave(): void {
    const next = waiting.shift()
    if (next) next()
    else running--
  }

  function run<T>(key: string, signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    const before = tails.get(key)
    let begun = false
    const turn = (async () => {
      await before
      await enter()
      try {
        signal.throwIfAborted()
        begun = true
        return await task()
      } finally {
        leave()
      }
    })()
    const tail = turn.then(
      () => {},
      () => {},
    )
    tails.set(key, tail)
    void tail.then(() => {
      if (tails.get(key) === tail) tails.delete(key)
    })
    return new Promise<T>((resolve, reject) => {
      const onAbort = () => {
        if (!begun) reject(signal.reason)
      }
      if (signal.aborted) onAbort()
      signal.addEventListener('abort', onAbort, { once: true })
      turn.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
    })
  }

  return {
    run,
    async idle() {
      await Promise.all(tails.values())
    },
  }
}
