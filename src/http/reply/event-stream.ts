import { Readable } from 'node:stream'
import type { Jobs } from '../../builds/jobs/jobs.ts'
import type { JobEvent } from '../../model/job.ts'

export interface EventStreamOptions {
  /** Number of the last event that the client has; 0 for none. */
  after: number
  /** Interval between heartbeats, ms. Proxies close idle connections. */
  heartbeatMs: number
}

/** Backlog of a slow client above which progress events are dropped, bytes. State events are never dropped. */
const maxBacklogBytes = 65_536

const isLast = ({ job }: JobEvent) => job.finishedAt !== undefined

/**
 * Streams the events of a job as server-sent events (WHATWG HTML, chapter 9). `event` is state or progress and `data` is
 * the job at that moment. The event id is a value for Last-Event-ID. The stream ends with the job.
 *
 * @returns undefined if the client already has the last event
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
