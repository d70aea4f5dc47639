/** The conditions under which work in a queue starts. */
interface QueueSlot {
  /** Work with a common key runs one after the other, in the order of the calls. */
  keys: readonly string[]
  /** Removes the work from the queue; has no effect on work that has started. */
  signal: AbortSignal
  /** Whether the work counts towards the limit of the queue. @default true */
  takesPlace?: boolean
}

/** Runs work concurrently, within a limit and with at most one work for a key. */
export interface KeyedQueue {
  /**
   * Starts `work` before it returns, or as soon as its place and keys are free.
   *
   * @param work must not throw synchronously
   * @returns the result of the work; work that fails does not block later work
   * @throws the error of the work, or the signal's reason
   */
  run<T>(slot: QueueSlot, work: () => Promise<T>): Promise<T>
  /** The number of works that have not started. */
  readonly waiting: number
  /** Resolves when all work of earlier calls has ended. */
  idle(): Promise<void>
}

interface Waiting {
  keys: readonly string[]
  places: 0 | 1
  start(): void
}

/** @param places most work at a time */
export function createKeyedQueue(places: number): KeyedQueue {
  const waiting = new Set<Waiting>()
  const taken = new Set<string>()
  const known = new Set<Promise<unknown>>()
  let free = places

  /** Starts work in the order of the calls. Work that waits for a key blocks later work with that key. */
  function admit(): void {
    const blocked = new Set(taken)
    const next: Waiting[] = []
    for (const slot of waiting) {
      const isFree = slot.places <= free && !slot.keys.some((key) => blocked.has(key))
      for (const key of slot.keys) blocked.add(key)
      if (!isFree) continue
      next.push(slot)
      waiting.delete(slot)
      free -= slot.places
      for (const key of slot.keys) taken.add(key)
    }
    // Started work may call `run` itself: only after the loop.
    for (const slot of next) slot.start()
  }

  function release({ keys, places }: Waiting): void {
    free += places
    for (const key of keys) taken.delete(key)
    admit()
  }

  function run<T>({ keys, signal, takesPlace = true }: QueueSlot, work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const giveUp = () => {
        waiting.delete(slot)
        reject(signal.reason)
        admit()
      }
      const start = () => {
        signal.removeEventListener('abort', giveUp)
        work()
          .finally(() => release(slot))
          .then(resolve, reject)
      }
      const slot: Waiting = { keys, places: takesPlace ? 1 : 0, start }
      signal.throwIfAborted()
      signal.addEventListener('abort', giveUp, { once: true })
      waiting.add(slot)
      admit()
    })
  }

  return {
    run(slot, work) {
      const result = run(slot, work)
      known.add(result)
      const forget = () => known.delete(result)
      result.then(forget, forget)
      return result
    },
    get waiting() {
      return waiting.size
    },
    async idle() {
      await Promise.allSettled(known)
    },
  }
}
