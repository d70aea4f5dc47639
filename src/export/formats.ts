import type { GraphDocument } from '../model/graph-document.ts'
import { type CsvTable, toCsv } from './csv.ts'
import { toDot } from './dot.ts'
import type { Draw } from './drawing.ts'
import { toGraphml } from './graphml.ts'
import { toMermaid } from './mermaid.ts'
import { maxReadableNodes } from './shown-part.ts'

export const formats = ['json', 'dot', 'mermaid', 'svg', 'csv', 'graphml'] as const
export type Format = (typeof formats)[number]

/** Media types of each format, the preferred one first. */
export const mediaTypes: Record<Format, readonly [string, ...string[]]> = {
  json: ['application/json'],
  dot: ['text/vnd.graphviz'],
  // Mermaid's documentation names the first, IANA has registered the second.
  mermaid: ['text/vnd.mermaid', 'application/vnd.mermaid'],
  svg: ['image/svg+xml'],
  csv: ['text/csv'],
  graphml: ['application/graphml+xml'],
}

/** Returns the most nodes to export if the caller sets no limit; undefined means all. */
export const defaultMaxNodes = (format: Format) =>
  format === 'svg' || format === 'mermaid' ? maxReadableNodes : undefined

export interface ExportOptions {
  draw: Draw
  /** The table that CSV contains. @default edges */
  table?: CsvTable | undefined
  signal: AbortSignal
}

/** Writes a graph in a format for other programs. @throws {TtaError} if drawing fails or takes too long */
export async function exportGraph(
  document: GraphDocument,
  format: Exclude<Format, 'json'>,
  { draw, table = 'edges', signal }: ExportOptions,
): Promise<string> {
  switch (format) {
    case 'dot':
      return toDot(document)
    case 'mermaid':
      return toMermaid(document)
    case 'svg':
      return draw(document, signal)
    case 'csv':
      return toCsv(document, table)
    case 'graphml':
      return toGraphml(document)
  }
}
