import { TempoAnswerError } from '../client/tempo-errors.ts'

export interface FoundIds {
  /** 32 hex digits each, in the order of the answer. */
  ids: string[]
  /** Tempo stopped before it had searched everything. */
  unfinished: boolean
}

/**
 * The ids in a search answer in JSON. Tempo leaves away their leading zeros (pkg/util/traceid.go).
 *
 * @throws {TempoAnswerError} it is no search answer; an id goes into the path of a request, so it is one
 */
export function decodeFoundIds(json: string): FoundIds {
  const { traces, metrics } = asRecord(parse(json))
  if (!Array.isArray(traces ?? [])) throw noSearchAnswer()
  const ids = ((traces ?? []) as unknown[]).map((trace) => traceId(asRecord(trace).traceID))
  const { completedJobs, totalJobs } = asRecord(metrics ?? {})
  return { ids, unfinished: jobs(completedJobs) < jobs(totalJobs) }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch (error) {
    throw noSearchAnswer(error)
  }
}

function asRecord(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw noSearchAnswer()
  return value as Record<string, unknown>
}

function traceId(value: unknown): string {
  if (typeof value !== 'string' || !/^[0-9a-fA-F]{1,32}$/.test(value)) throw noSearchAnswer()
  return value.toLowerCase().padStart(32, '0')
}

/** Left out where there are none (proto3). */
function jobs(value: unknown): number {
  if (value === undefined || value === null) return 0
  if (typeof value !== 'number') throw noSearchAnswer()
  return value
}

function noSearchAnswer(cause?: unknown): TempoAnswerError {
  return new TempoAnswerError('/api/search answered something that is no search answer', { cause })
}
