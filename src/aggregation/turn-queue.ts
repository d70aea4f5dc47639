/** Lets one piece of work at a time go on for each name, in the order of asking. */
export class TurnQueue {
  private readonly last = new Map<string, Promise<void>>()

  /** @throws what the work throws, or the reason of `signal` if it aborts before the turn has come */
  async run<T>(name: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = this.last.get(name) ?? Promise.resolve()
    const { promise: done, resolve: release } = deferred()
    const turn = before.then(() => done)
    this.last.set(name, turn)
    try {
      await settledOrAborted(before, signal)
      return await work()
    } finally {
      release()
      if (this.last.get(name) === turn) this.last.delete(name)
    }
  }
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

/** @throws the signal's reason, at once when it aborts */
async function settledOrAborted(turn: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  let leave = () => {}
  const aborted = new Promise<never>((_resolve, reject) => {
    leave = () => reject(signal.reason)
    signal.addEventListener('abort', leave, { once: true })
  })
  await Promise.race([turn, aborted]).finally(() => signal.removeEventListener('abort', leave))
}
