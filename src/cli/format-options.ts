import type { CsvTable } from '../export/csv.ts'
import { createDrawing } from '../export/drawing.ts'
import { defaultMaxNodes, exportGraph, type Format, formats } from '../export/formats.ts'
import { toMermaidBlock } from '../export/mermaid.ts'
import { type ShownPart, selectShownPart } from '../export/shown-part.ts'
import type { GraphDocument } from '../model/graph-document.ts'
import { UsageError } from './failure.ts'

/** The format in which a graph is printed in place of the tables, and the part of it. */
export interface FormatOptions {
  format: Format
  table: CsvTable | undefined
  shown: ShownPart
}

/** Reads the options for the output format; undefined means the tables. @throws {UsageError} */
export function formatOptions(values: ReadonlyMap<string, string>): FormatOptions | undefined {
  const format = oneOf('format', values, formats)
  const table = oneOf('part', values, ['nodes', 'edges'] as const)
  const hops = wholeNumber('hops', values, 0)
  const maxNodes = wholeNumber('max-nodes', values, 1)
  const focus = values.get('focus')
  const fold = oneOf('fold', values, ['group'] as const)
  if (format === undefined) {
    const stray = ['part', 'focus', 'hops', 'fold', 'max-nodes'].find((name) => values.has(name))
    if (stray !== undefined) throw new UsageError(`--${stray} requires --format (${formats.join(', ')})`)
    return undefined
  }
  if (table !== undefined && format !== 'csv') throw new UsageError('--part requires --format csv')
  if (hops !== undefined && focus === undefined) throw new UsageError('--hops requires --focus')
  if (values.has('json'))
    throw new UsageError(
      '--json cannot be combined with --format: one prints the summary, the other the graph',
    )
  return { format, table, shown: { focus, hops, fold, maxNodes } }
}

/**
 * Writes a graph in the requested format. A Mermaid flowchart becomes a Markdown code block, ready for a wiki page.
 *
 * @throws {TtaError} if no node matches the focus, or the graph cannot be drawn
 */
export async function formatGraph(
  document: GraphDocument,
  { format, table, shown }: FormatOptions,
  signal: AbortSignal,
): Promise<string> {
  const { maxNodes = defaultMaxNodes(format) } = shown
  const {
    traceExamples: _examples,
    clockOffsets: _offsets,
    ...part
  } = selectShownPart(document, { ...shown, maxNodes })
  if (format === 'json') return `${JSON.stringify(part)}\n`
  if (format === 'mermaid') return toMermaidBlock(part)
  return exportGraph(part, format, { draw: createDrawing(), table, signal })
}

function oneOf<Word extends string>(
  name: string,
  values: ReadonlyMap<string, string>,
  words: readonly Word[],
): Word | undefined {
  const value = values.get(name)
  const word = words.find((one) => one === value)
  if (value === undefined || word !== undefined) return word
  throw new UsageError(`--${name} must be one of ${words.join(', ')}, not ${JSON.stringify(value)}`)
}

function wholeNumber(name: string, values: ReadonlyMap<string, string>, least: number): number | undefined {
  const value = values.get(name)
  if (value === undefined) return undefined
  if (/^\d{1,7}$/.test(value) && Number(value) >= least) return Number(value)
  throw new UsageError(`--${name} must be a whole number of at least ${least}, not ${JSON.stringify(value)}`)
}
