import type { Part } from '../export/csv.ts'
import { createDrawing } from '../export/drawing.ts'
import { exportAs, type Format, formats, usualNodes } from '../export/formats.ts'
import { mermaidBlock } from '../export/mermaid.ts'
import { type Size, sizeDocument } from '../export/size-document.ts'
import type { GraphDocument } from '../model/graph-document.ts'
import { UsageError } from './usage-error.ts'

/** In which form a graph is printed in place of the table, and how much of it. */
export interface FormOptions {
  format: Format
  part: Part | undefined
  size: Size
}

/** What the command line says of the form; undefined where the table is wanted. @throws {UsageError} */
export function formOptions(values: ReadonlyMap<string, string>): FormOptions | undefined {
  const format = oneOf('format', values, formats)
  const part = oneOf('part', values, ['nodes', 'edges'] as const)
  const hops = wholeNumber('hops', values, 0)
  const maxNodes = wholeNumber('max-nodes', values, 1)
  const focus = values.get('focus')
  if (format === undefined) {
    const stray = ['part', 'focus', 'hops', 'max-nodes'].find((name) => values.has(name))
    if (stray !== undefined) throw new UsageError(`--${stray} goes with --format: ${formats.join(', ')}`)
    return undefined
  }
  if (part !== undefined && format !== 'csv') throw new UsageError('--part goes with --format csv')
  if (hops !== undefined && focus === undefined) throw new UsageError('--hops goes with --focus')
  if (values.has('json'))
    throw new UsageError('--json prints the summary, --format the graph: give one of them')
  return { format, part, size: { focus, hops, maxNodes } }
}

/**
 * The text of a graph. A flowchart of Mermaid is a block of Markdown, so that the output is a page of a wiki.
 *
 * @throws {TtaError} the node in focus is not there, or the graph cannot be drawn
 */
export async function formText(
  document: GraphDocument,
  { format, part, size }: FormOptions,
  signal: AbortSignal,
): Promise<string> {
  const { maxNodes = usualNodes(format) } = size
  const { traceExamples: _examples, ...sized } = sizeDocument(document, { ...size, maxNodes })
  if (format === 'json') return `${JSON.stringify(sized)}\n`
  if (format === 'mermaid') return mermaidBlock(sized)
  return exportAs(sized, format, { draw: createDrawing(), part, signal })
}

function oneOf<Word extends string>(
  name: string,
  values: ReadonlyMap<string, string>,
  words: readonly Word[],
): Word | undefined {
  const value = values.get(name)
  const word = words.find((one) => one === value)
  if (value === undefined || word !== undefined) return word
  throw new UsageError(`--${name} is ${JSON.stringify(value)}, but must be one of ${words.join(', ')}`)
}

function wholeNumber(name: string, values: ReadonlyMap<string, string>, least: number): number | undefined {
  const value = values.get(name)
  if (value === undefined) return undefined
  if (/^\d{1,7}$/.test(value) && Number(value) >= least) return Number(value)
  throw new UsageError(`--${name} is ${JSON.stringify(value)}, but must be a whole number from ${least} on`)
}
