import { TtaError } from './errors.ts'
import { orAbort } from './or-abort.ts'

interface Shared<T, P> {
  result: Promise<T>
  controller: AbortController
  listeners: Set<(progress: P) => void>
  callers: number
}

/**
 * Runs equal work once: who asks for a key that is under way gets the same result. The work ends early when the
 * last caller has gone.
 */
export class SharedWork<T, P> {
  private readonly underWay = new Map<string, Shared<T, P>>()

  /**
   * @param start called when the key is not under way; its signal aborts when no caller is left
   * @throws what the work throws, or the reason of `signal`
   */
  async run(
    key: string,
    options: { signal: AbortSignal; onProgress?: ((progress: P) => void) | undefined },
    start: (signal: AbortSignal, onProgress: (progress: P) => void) => Promise<T>,
  ): Promise<T> {
    const { signal, onProgress } = options
    signal.throwIfAborted()
    const shared = this.underWay.get(key) ?? this.start(key, start)
    shared.callers++
    if (onProgress) shared.listeners.add(onProgress)
    try {
      return await orAbort(shared.result, signal)
    } finally {
      if (onProgress) shared.listeners.delete(onProgress)
      if (--shared.callers === 0) this.forget(key, shared)
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
    this.underWay.set(key, shared)
    const end = () => this.drop(key, shared)
    result.then(end, end)
    return shared
  }

  /** Nobody waits any more: a result that comes nevertheless is nobody's. */
  private forget(key: string, shared: Shared<T, P>): void {
    this.drop(key, shared)
    shared.controller.abort(new TtaError('TTA_CANCELLED', 'The build was cancelled: nobody waits for it'))
  }

  private drop(key: string, shared: Shared<T, P>): void {
    if (this.underWay.get(key) === shared) this.underWay.delete(key)
  }
}
