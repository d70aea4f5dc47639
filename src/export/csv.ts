import type { ExportGraph } from './export-graph.ts'
import { type ExportField, edgeEndFields, edgeFields, nodeFields } from './fields.ts'

export type CsvTable = 'nodes' | 'edges'

/** Writes one table of a graph as CSV (RFC 4180): a header, CRLF, quotes where needed. Unknown values are empty. */
export function toCsv(graph: ExportGraph, table: CsvTable): string {
  if (table === 'nodes') return writeTable(nodeFields, graph.nodes)
  const [id, ...rest] = edgeFields
  return writeTable([...(id ? [id] : []), ...edgeEndFields(graph), ...rest], graph.edges)
}

function writeTable<Row>(fields: ExportField<Row>[], rows: Row[]): string {
  const lines = [
    fields.map(({ name }) => name),
    ...rows.map((row) => fields.map(({ value }) => writeCell(value(row)))),
  ]
  return lines.map((cells) => `${cells.join(',')}\r\n`).join('')
}

/** The first characters of a formula in a spreadsheet, including full-width signs (OWASP, CSV injection). */
const formula = /^[=+\-@\t\r\n＝＋－＠]/

function writeCell(value: string | number | null): string {
  if (typeof value !== 'string') return value === null ? '' : String(value)
  const guarded = formula.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded
}
