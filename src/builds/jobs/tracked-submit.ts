import type { JobOrigin } from '../../model/job.ts'
import type { AggregationParameters } from '../../model/parameters.ts'
import type { Jobs } from './jobs.ts'

/** A build that was asked for by somebody who does not wait for it. */
export interface TrackedJob {
  id: string
  /** False: an equal one was queued or running. */
  isNew: boolean
  /** Whether it ended well; never rejects. */
  succeeded: Promise<boolean>
}

/** @throws {TtaError} as `Jobs.submit` */
export function submitTracked(jobs: Jobs, parameters: AggregationParameters, origin: JobOrigin): TrackedJob {
  let isNew = false
  const unsubscribe = jobs.subscribe(({ sequence }) => {
    isNew ||= sequence === 1
  })
  try {
    const { id } = jobs.submit(parameters, origin)
    const ended = jobs.ended(id, new AbortController().signal)
    return { id, isNew, succeeded: ended.then(({ state }) => state === 'succeeded') }
  } finally {
    unsubscribe()
  }
}
