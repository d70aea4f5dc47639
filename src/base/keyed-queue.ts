/** What a piece of work has to wait for. */
export interface QueueSlot {
  /** Work that shares a key goes one after the other, in the order it came. */
  keys: readonly string[]
  /** Gives the turn up while it has not come; work that has begun is waited for. */
  signal: AbortSignal
  /** Whether it takes one of the places. @default true */
  takesPlace?: boolean
}

/** Lets work go on side by side as far as places and keys allow. */
export interface KeyedQueue {
  /**
   * Begins `work` before it returns, or when its turn has come.
   *
   * @param work must not throw before its promise
   * @returns what it returns; work that fails does not hold up the next
   * @throws what it throws, or the signal's reason
   */
  run<T>(turn: QueueSlot, work: () => Promise<T>): Promise<T>
  /** How many wait for their turn. */
  readonly waiting: number
  /** Resolves when all work known so far has ended. */
  idle(): Promise<void>
}

interface Waiting {
  keys: readonly string[]
  places: 0 | 1
  begin(): void
}

/** @param places most work at a time */
export function createKeyedQueue(places: number): KeyedQueue {
  const waiting = new Set<Waiting>()
  const taken = new Set<string>()
  const known = new Set<Promise<unknown>>()
  let free = places

  /** In the order they came; who waits for a key keeps it from those behind. */
  function admit(): void {
    const blocked = new Set(taken)
    const next: Waiting[] = []
    for (const turn of waiting) {
      const isFree = turn.places <= free && !turn.keys.some((key) => blocked.has(key))
      for (const key of turn.keys) blocked.add(key)
      if (!isFree) continue
      next.push(turn)
      waiting.delete(turn)
      free -= turn.places
      for (const key of turn.keys) taken.add(key)
    }
    // Only now: what begins may ask for a turn of its own.
    for (const turn of next) turn.begin()
  }

  function release({ keys, places }: Waiting): void {
    free += places
    for (const key of keys) taken.delete(key)
    admit()
  }

  function run<T>({ keys, signal, takesPlace = true }: QueueSlot, work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const giveUp = () => {
        waiting.delete(turn)
        reject(signal.reason)
        admit()
      }
      const begin = () => {
        signal.removeEventListener('abort', giveUp)
        work()
          .finally(() => release(turn))
          .then(resolve, reject)
      }
      const turn: Waiting = { keys, places: takesPlace ? 1 : 0, begin }
      signal.throwIfAborted()
      signal.addEventListener('abort', giveUp, { once: true })
      waiting.add(turn)
      admit()
    })
  }

  return {
    run(turn, work) {
      const result = run(turn, work)
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
