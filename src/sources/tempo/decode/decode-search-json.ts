import { TempoAnswerError } from '../client/tempo-errors.ts'

/** The ids in a search answer. */
export interface SearchIds {
  /** 32 hex digits each, in the order of the answer. */
  ids: string[]
  /** Tempo stopped before it had searched everything. */
  unfinished: boolean
}

/**
 * Decodes the trace ids of a search answer in JSON. Tempo strips their leading zeros (grafana/tempo
 * pkg/util/traceid.go); here they are padded again.
 *
 * @throws {TempoAnswerError} it is not a search answer, which always has metrics, or an id is not hex: ids go into the
 *   paths of requests
 */
export function decodeSearchJson(json: string): SearchIds {
  const { traces, metrics } = asRecord(parse(json))
  if (!Array.isArray(traces ?? [])) throw notSearchAnswer()
  const ids = ((traces ?? []) as unknown[]).map((trace) => paddedTraceId(asRecord(trace).traceID))
  const { completedJobs, totalJobs } = asRecord(metrics)
  return { ids, unfinished: jobs(completedJobs) < jobs(totalJobs) }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch (error) {
    throw notSearchAnswer(error)
  }
}

function asRecord(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw notSearchAnswer()
  return value as Record<string, unknown>
}

function paddedTraceId(value: unknown): string {
  if (typeof value !== 'string' || !/^[0-9a-fA-F]{1,32}$/.test(value)) throw notSearchAnswer()
  return value.toLowerCase().padStart(32, '0')
}

/** Absent means 0 (proto3). */
function jobs(value: unknown): number {
  if (value === undefined || value === null) return 0
  if (typeof value !== 'number') throw notSearchAnswer()
  return value
}

function notSearchAnswer(cause?: unknown): TempoAnswerError {
  return new TempoAnswerError('/api/search answered JSON that is not a search answer', { cause })
}
