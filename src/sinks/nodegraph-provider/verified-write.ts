import { setTimeout as sleep } from 'node:timers/promises'
import { type ProviderClient, ProviderFailure } from './client.ts'
import { difference } from './difference.ts'
import type { ProviderGraph } from './rows.ts'

export interface Persistence {
  /** Attempts after the first one. */
  retries: number
  /** Delay before the first retry, ms; doubles with each further retry, up to 5 s, and varies by half. */
  retryDelayMs: number
  /** After its abort there are no further attempts. */
  signal: AbortSignal
  onRetry: (failure: ProviderFailure, attempt: number) => void
}

/** Repeats a task until it succeeds, or until its retries are used up. @throws {ProviderFailure} of the last attempt */
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
 * Writes a whole graph once and reads it back. The status alone proves nothing: the provider may answer 201 and store
 * nothing, or store the graph and not answer.
 *
 * @param graph null: deletes the graph
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
  throw failure ?? new ProviderFailure(`accepted the ${graph ? 'graph' : 'deletion'} but ${found}`, true)
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

/** Returns a signal that aborts `ms` after another one, so that a running write can be completed. */
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
