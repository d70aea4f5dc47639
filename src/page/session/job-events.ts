import type { Job } from '../../model/job.ts'
import { type Api, RequestError } from './api.ts'

const retryMs = 1500
const maxRetries = 5

/**
 * Yields the state of a job until it has finished. Reads server-sent events with fetch, because an EventSource cannot
 * send a token. Resumes a broken stream after the last event.
 *
 * @throws {RequestError}
 */
export async function* jobEvents(api: Api, id: string, signal: AbortSignal): AsyncGenerator<Job> {
  let lastEvent = ''
  for (let failures = 0; ; failures++) {
    try {
      const headers: Record<string, string> = lastEvent === '' ? {} : { 'last-event-id': lastEvent }
      const response = await api.request(`/jobs/${id}/events`, { headers, signal })
      for await (const { id: eventId, data } of serverSentEvents(response)) {
        failures = 0
        lastEvent = eventId
        const job = JSON.parse(data) as Job
        yield job
        if (job.finishedAt !== undefined) return
      }
    } catch (error) {
      const isFinal = error instanceof RequestError && error.status !== 0
      if (signal.aborted || isFinal || failures >= maxRetries) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, retryMs))
  }
}

async function* serverSentEvents({ body }: Response): AsyncGenerator<{ id: string; data: string }> {
  if (body === null) return
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return
    text += value
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line) => line.split(/:\s?(.*)/s, 2) as [string, string]))
      const data = fields.get('data')
      if (data !== undefined) yield { id: fields.get('id') ?? '', data }
    }
  }
}
