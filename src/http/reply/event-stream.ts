import { Readable } from 'node:stream'
import type { Jobs } from '../../builds/jobs/jobs.ts'
import type { JobEvent } from '../../model/job.ts'

export interface EventStreamOptions {
  /** The last event the client has; 0: none. */
  after: number
  /** From one sign of life to the next, ms: proxies end connections on which nothing happens. */
  heartbeatMs: number
}

/** Of a client that reads slowly no more is kept than this, bytes; states are kept in any case. */
const maxBacklogBytes = 65_536

const isLast = ({ job }: JobEvent) => job.finishedAt !== undefined

/**
 * The events of a job as server-sent events (WHATWG HTML, 9.2): `event` is state or progress, `data` the job as it was
 * then, `id` what Last-Event-ID takes. Ends with the job.
 *
 * @returns undefined when the client has the last one already
 */
export function eventStream(
  jobs: Pick<Jobs, 'events' | 'subscribe'>,
  id: string,
  { after, heartbeatMs }: EventStreamOptions,
): Readable | undefined {
  const missed = jobs.events(id, after)
  if (missed.length === 0 && jobs.events(id).some(isLast)) return undefined

  const stream = new Readable({
    read() {},
    destroy(error, done) {
      clearInterval(timer)
      unsubscribe()
      done(error)
    },
  })
  const send = (event: JobEvent) => {
    if (event.type === 'progress' && stream.readableLength > maxBacklogBytes) return
    stream.push(eventText(event))
    if (isLast(event)) stream.push(null)
  }
  const timer = setInterval(() => stream.push(': heartbeat\n\n'), heartbeatMs)
  const unsubscribe = jobs.subscribe((event) => {
    if (event.job.id === id) send(event)
  })
  stream.push(`retry: 2000\n\n`)
  for (const event of missed) send(event)
  return stream
}

function eventText({ sequence, type, job }: JobEvent): string {
  return `id: ${sequence}\nevent: ${type}\ndata: ${JSON.stringify(job)}\n\n`
}
