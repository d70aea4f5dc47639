import type { Jobs } from '../builds/jobs/jobs.ts'
import type { AggregationParameters } from '../model/parameters.ts'
import type { AggregationSummary } from '../model/summary.ts'
import type { ReadProgress } from '../sources/trace-source.ts'

export interface RunOptions {
  /** Cancels the job. */
  signal: AbortSignal
  onProgress?: ((progress: ReadProgress) => void) | undefined
}

/** Runs one job to its end. @throws {TtaError} what it failed with, or the signal's reason */
export async function runJob(
  jobs: Jobs,
  parameters: AggregationParameters,
  { signal, onProgress }: RunOptions,
): Promise<AggregationSummary> {
  const { id } = jobs.submit(parameters, 'command', { abortSignal: signal })
  const unsubscribe = jobs.subscribe(({ job }) => {
    if (job.id === id && job.progress) onProgress?.(job.progress)
  })
  try {
    return await jobs.result(id, signal)
  } finally {
    unsubscribe()
  }
}
