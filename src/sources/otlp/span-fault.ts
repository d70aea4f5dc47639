import type { SpanTable } from '../../graph/spans/span-table.ts'
import type { SpanIds } from './span-decoder.ts'

/**
 * What makes a span invalid by trace.proto: a trace id must have 16 bytes and a span id 8, neither all zero;
 * a parent id must be empty or have 8 bytes (all zero is taken as none).
 *
 * @returns null for a valid span
 */
export function spanFault(table: SpanTable, row: number, ids: SpanIds): string | null {
  const [a, b, c, d] = ids.traceId
  if (ids.traceIdBytes !== 16) return `trace_id must have 16 bytes, and has ${ids.traceIdBytes}`
  if (a === 0 && b === 0 && c === 0 && d === 0) return 'trace_id must not be all zero'
  if (ids.spanIdBytes !== 8) return `span_id must have 8 bytes, and has ${ids.spanIdBytes}`
  if (table.spanIdHi[row] === 0 && table.spanIdLo[row] === 0) return 'span_id must not be all zero'
  if (ids.parentIdBytes !== 0 && ids.parentIdBytes !== 8) {
    return `parent_span_id must be empty or have 8 bytes, and has ${ids.parentIdBytes}`
  }
  return null
}
