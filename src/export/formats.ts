import type { GraphDocument } from '../model/graph-document.ts'
import { csv, type Part } from './csv.ts'
import { dot } from './dot.ts'
import type { Draw } from './drawing.ts'
import { graphml } from './graphml.ts'
import { mermaid } from './mermaid.ts'

export const formats = ['json', 'dot', 'mermaid', 'svg', 'csv', 'graphml'] as const
export type Format = (typeof formats)[number]

/** Media types, the one that is answered with first. */
export const mediaTypes: Record<Format, readonly [string, ...string[]]> = {
  json: ['application/json'],
  dot: ['text/vnd.graphviz'],
  // The second is what IANA has registered, the first what Mermaid's own documentation asks for.
  mermaid: ['text/vnd.mermaid', 'application/vnd.mermaid'],
  svg: ['image/svg+xml'],
  csv: ['text/csv'],
  graphml: ['application/graphml+xml'],
}

/** Pictures of more nodes are no use to anybody, and Mermaid refuses them. */
const pictureNodes = 200

/** Most nodes of a form where the caller does not say; undefined: all. */
export const usualNodes = (format: Format) =>
  format === 'svg' || format === 'mermaid' ? pictureNodes : undefined

export interface ExportOptions {
  draw: Draw
  /** Which table; only CSV has parts. @default edges */
  part?: Part | undefined
  signal: AbortSignal
}

/** A graph in a form for other programs. @throws {TtaError} it cannot be drawn, or not in time */
export async function exportAs(
  document: GraphDocument,
  format: Exclude<Format, 'json'>,
  { draw, part = 'edges', signal }: ExportOptions,
): Promise<string> {
  switch (format) {
    case 'dot':
      return dot(document)
    case 'mermaid':
      return mermaid(document)
    case 'svg':
      return draw(document, signal)
    case 'csv':
      return csv(document, part)
    case 'graphml':
      return graphml(document)
  }
}
