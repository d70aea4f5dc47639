import { untilAborted } from './async.ts'
import { TtaError } from './errors.ts'

interface Shared<T, P> {
  result: Promise<T>
  controller: AbortController
  listeners: Set<(progress: P) => void>
  callers: number
}

/**
 * Runs equal work once: a caller with a key that is already running gets the same result. The work is aborted
 * when its last caller has gone.
 */
export class SharedWork<T, P> {
  private readonly running = new Map<string, Shared<T, P>>()

  /**
   * @param start called when the key is not running; its signal aborts when no caller is left
   * @throws the error of the work, or the reason of `signal`
   */
  async run(
    key: string,
    options: { signal: AbortSignal; onProgress?: ((progress: P) => void) | undefined },
    start: (signal: AbortSignal, onProgress: (progress: P) => void) => Promise<T>,
  ): Promise<T> {
    const { signal, onProgress } = options
    signal.throwIfAborted()
    const shared = this.running.get(key) ?? this.start(key, start)
    shared.callers++
    if (onProgress) shared.listeners.add(onProgress)
    try {
      return await untilAborted(shared.result, signal)
    } finally {
      if (onProgress) shared.listeners.delete(onProgress)
      if (--shared.callers === 0) this.cancel(key, shared)
    }
  }

  private start(
    key: string,
    start: (signal: AbortSignal, onProgress: (progress: P) => void) => Promise<T>,
  ): Shared<T, P> {
    const controller = new AbortController()
    const listeners = new Set<(progress: P) => void>()
    const onProgress = (progress: P) => {
      for (const listener of listeners) listener(progress)
    }
    const result = start(controller.signal, onProgress)
    const shared = { result, controller, listeners, callers: 0 }
    this.running.set(key, shared)
    const end = () => this.forget(key, shared)
    result.then(end, end)
    return shared
  }

  /** Aborts work that no caller waits for; has no effect on work that has ended. */
  private cancel(key: string, shared: Shared<T, P>): void {
    this.forget(key, shared)
    shared.controller.abort(new TtaError('TTA_CANCELLED', 'The build was cancelled: no caller waits for it'))
  }

  private forget(key: string, shared: Shared<T, P>): void {
    if (this.running.get(key) === shared) this.running.delete(key)
  }
}
