import { setTimeout as sleep } from 'node:timers/promises'
import { type ProviderClient, ProviderFailure } from './client.ts'
import { difference } from './difference.ts'
import type { ProviderGraph } from './rows.ts'

export interface Persistence {
  /** Tries after the first. */
  retries: number
  /** Before the first retry; doubles with each further one, up to 5 s, and varies by half. */
  retryDelayMs: number
  /** When it aborts there are no further tries. */
  signal: AbortSignal
  onRetry: (failure: ProviderFailure, attempt: number) => void
}

/** @throws {ProviderFailure} of the last try */
export async function persistently<T>(task: () => Promise<T>, persistence: Persistence): Promise<T> {
  const { retries, retryDelayMs, signal, onRetry } = persistence
  for (let attempt = 1; ; attempt++) {
    try {
      return await task()
    } catch (error) {
      const retryable = error instanceof ProviderFailure && error.retryable
      if (!retryable || attempt > retries || signal.aborted) throw error
      onRetry(error, attempt)
      await sleep(delayMs(retryDelayMs, attempt), undefined, { signal }).catch(() => {})
      if (signal.aborted) throw error
    }
  }
}

const delayMs = (firstMs: number, attempt: number) =>
  Math.min(firstMs * 2 ** (attempt - 1), 5000) * (0.5 + Math.random())

/**
 * Writes a graph whole and reads it back, once: the provider answers 201 also when it stored nothing, and may
 * have stored all of it when its answer did not arrive.
 *
 * @param graph null: delete what is there
 * @throws {ProviderFailure} the provider may hold the old graph, the new one, a part of it, or none
 */
export async function writeOnce(
  client: ProviderClient,
  name: string,
  graph: ProviderGraph | null,
  signal: AbortSignal,
): Promise<void> {
  const failure = await failureOf(graph ? client.create(name, graph, signal) : client.delete(name, signal))
  if (failure && !failure.retryable) throw failure
  let found: string | null
  try {
    found = difference(graph, await client.read(name, signal))
  } catch (error) {
    throw failure ?? error
  }
  if (found === null) return
  throw failure ?? new ProviderFailure(`accepted the ${graph ? 'graph' : 'deletion'} and ${found}`, true)
}

async function failureOf(task: Promise<void>): Promise<ProviderFailure | null> {
  try {
    await task
    return null
  } catch (error) {
    if (error instanceof ProviderFailure) return error
    throw error
  }
}

/** A signal that follows another one `ms` later, so that what has begun can be brought to a good end. */
export function following(signal: AbortSignal, ms: number): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const onAbort = () => {
    timer = setTimeout(() => controller.abort(signal.reason), ms)
  }
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  return {
    signal: controller.signal,
    release() {
      signal.removeEventListener('abort', onAbort)
      clearTimeout(timer)
    },
  }
}
