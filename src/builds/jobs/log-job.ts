import type { BaseLogger } from 'pino'
import type { TtaError } from '../../base/errors.ts'
import type { Job } from '../../model/job.ts'

/** One line for each job, when it has ended. @param error what it failed with, cause included */
export function logJob(
  log: Pick<BaseLogger, 'info' | 'warn' | 'error'>,
  { id, graph, origin, state, summary }: Job,
  error: TtaError | undefined,
): void {
  const line = { job: id, graph, origin, state }
  if (summary) {
    const { status, read, built, phasesMs } = summary
    log.info({ ...line, status, traces: read.traces, spans: read.spans, ...built, phasesMs }, 'job ended')
  } else if (error?.code === 'TTA_INTERNAL') log.error({ ...line, err: error }, 'job ended')
  else if (state === 'failed') log.warn({ ...line, err: error }, 'job ended')
  else log.info({ ...line, reason: error?.message }, 'job ended')
}
