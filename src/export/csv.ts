import type { ExportGraph } from './export-graph.ts'
import { type ExportField, edgeColumns, endColumns, nodeColumns } from './fields.ts'

export type Part = 'nodes' | 'edges'

/**
 * One table of a graph as RFC 4180 has it: a header, CRLF, quotes where they are needed. Figures that nobody knows
 * are empty.
 */
export function csv(graph: ExportGraph, part: Part): string {
  if (part === 'nodes') return table(nodeColumns, graph.nodes)
  const [id, ...figures] = edgeColumns
  return table([...(id ? [id] : []), ...endColumns(graph), ...figures], graph.edges)
}

function table<Row>(columns: ExportField<Row>[], rows: Row[]): string {
  const lines = [
    columns.map(({ name }) => name),
    ...rows.map((row) => columns.map(({ value }) => cell(value(row)))),
  ]
  return lines.map((cells) => `${cells.join(',')}\r\n`).join('')
}

/** What spreadsheets take for a formula (OWASP, CSV injection), full-width signs included. */
const formula = /^[=+\-@\t\r\n＝＋－＠]/

function cell(value: string | number | null): string {
  if (typeof value !== 'string') return value === null ? '' : String(value)
  const guarded = formula.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded
}
