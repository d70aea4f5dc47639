import type { GraphDocument } from '../model/graph-document.ts'
import type { NodeRow } from '../model/node-graph-rows.ts'
import type { AggregationSummary } from '../model/summary.ts'
import type { Colour, Output, Paint } from './terminal.ts'
import { alignColumns, printable } from './terminal-text.ts'

/** Most rows of the table. */
const maxRows = 15
/** Longest line if the output is not a terminal, columns. */
const pipeWidth = 120

export interface ReportStyle {
  /** Longest line of the table, columns. */
  width: number
  paint: Paint
}

/** Returns the longest line of an output, columns. */
export const lineWidth = (output: Output) => Math.max(60, (output.isTTY && output.columns) || pipeWidth)

/**
 * Describes a build for people: status, counts, the busiest calls, the sinks, the warnings. Names are made printable and
 * cut to fit.
 *
 * @param graph the rows of the graph, if available
 */
export function summaryReport(
  summary: AggregationSummary,
  graph: Pick<GraphDocument, 'nodes' | 'edges'> | undefined,
  { width, paint }: ReportStyle,
): string {
  const lines = [
    ...facts(summary, paint),
    ...(graph === undefined ? [] : ['', ...busiest(graph, width, paint)]),
    '',
    ...summary.sinks.map((sink) => sinkLine(sink, paint)),
    ...summary.warnings.map((warning) => `${paint('yellow', 'warning')}  ${printable(warning)}`),
  ]
  if (lines.at(-1) === '') lines.pop()
  return `${lines.join('\n')}\n`
}

const statusColour = { complete: 'green', empty: 'yellow', partial: 'yellow' } as const

function facts(summary: AggregationSummary, paint: Paint): string[] {
  const { graph, status, builtAt, window, read, spans, built, phasesMs, source } = summary
  const mebibytes = (read.bytes / 2 ** 20).toFixed(1)
  const name = paint('bold', printable(graph))
  const skipped = spans.duplicates + spans.withoutService
  const { excluded = 0 } = spans
  const leftOut = [
    ...(skipped > 0 ? [`${whole(skipped)} skipped`] : []),
    ...(excluded > 0 ? [`${whole(excluded)} excluded`] : []),
  ]
  return [
    `graph    ${name}: ${paint(statusColour[status], status)}, built ${builtAt} in ${whole(phasesMs.total)} ms`,
    `window   ${window.from} to ${window.to} (${whole(window.seconds)} s)`,
    `read     ${counted(read.traces, 'trace')}, ${counted(read.spans, 'span')}${
      leftOut.length === 0 ? '' : ` (${leftOut.join(', ')})`
    }, ${counted(read.requests, 'request')}, ${mebibytes} MiB from ${source}`,
    `built    ${counted(built.nodes, 'node')}, ${counted(built.edges, 'edge')}`,
  ]
}

/** Smallest line width with a column for percentiles. */
const minWidthForPercentiles = 72

const numberColumns: { title: string; cell: (row: CallNumbers) => string; fromWidth?: number }[] = [
  { title: 'CALLS', cell: ({ count }) => whole(count) },
  { title: 'FAILED', cell: ({ failed }) => whole(failed) },
  { title: 'SLOW', cell: ({ slow }) => whole(slow) },
  { title: 'MEAN MS', cell: ({ meanMs }) => meanMs.toFixed(1) },
  { title: 'P95 MS', cell: ({ p95Ms }) => p95Ms.toFixed(1), fromWidth: minWidthForPercentiles },
  { title: 'CALLS/S', cell: ({ perSec }) => perSec.toFixed(3) },
]

interface CallNumbers {
  count: number
  failed: number
  slow: number
  meanMs: number
  p95Ms: number
  perSec: number
}

/** Returns the edges with the most calls, or the nodes of a graph without edges. */
function busiest(
  { nodes, edges }: Pick<GraphDocument, 'nodes' | 'edges'>,
  width: number,
  paint: Paint,
): string[] {
  const labels = new Map(nodes.map((node) => [node.id, label(node)]))
  const labelOf = (id: string) => labels.get(id) ?? printable(id)
  if (edges.length === 0) {
    return table(['NODE'], nodes, (node) => [label(node)], 'node', { width, paint })
  }
  const ends = (edge: (typeof edges)[number]) => [labelOf(edge.source), `-> ${labelOf(edge.target)}`]
  return table(['CALLER', '-> CALLEE'], edges, ends, 'edge', { width, paint })
}

function table<Row extends CallNumbers>(
  titles: string[],
  rows: readonly Row[],
  names: (row: Row) => string[],
  noun: string,
  { width, paint }: ReportStyle,
): string[] {
  if (rows.length === 0) return ['no calls']
  const shown = [...rows].sort((a, b) => b.count - a.count).slice(0, maxRows)
  const numbers = numberColumns.filter(({ fromWidth = 0 }) => width >= fromWidth)
  const columns = [
    ...titles.map((title) => ({ title, align: 'left' as const })),
    ...numbers.map(({ title }) => ({ title, align: 'right' as const })),
  ]
  const cells = shown.map((row) => [...names(row), ...numbers.map(({ cell }) => cell(row))])
  const [header = '', ...body] = alignColumns(columns, cells, width)
  const rest = rows.length - shown.length
  return [
    paint('dim', header),
    ...body.map((line, at) => (shown[at]?.failed ? paint('red', line) : line)),
    ...(rest === 0 ? [] : [paint('dim', `and ${counted(rest, `more ${noun}`)}`)]),
  ]
}

/** Returns `cart: GET /cart`, or `cart (Service Node)` for the node of a tag value. */
function label({ title, subTitle, detail__role }: NodeRow): string {
  if (subTitle === '') return printable(title)
  return printable(detail__role === 'tag' ? `${title} (${subTitle})` : `${title}: ${subTitle}`)
}

const stateColour: Record<string, Colour> = { failed: 'red', restored: 'yellow', skipped: 'dim' }

function sinkLine(sink: AggregationSummary['sinks'][number], paint: Paint): string {
  const { state, verified, attempts, isolatedNodes, reason } = sink
  const details = [
    verified ? 'verified' : '',
    attempts > 1 ? `${attempts} attempts` : '',
    isolatedNodes > 0 ? `${counted(isolatedNodes, 'node')} without edges not shown` : '',
    reason === undefined ? '' : printable(reason),
  ].filter((detail) => detail !== '')
  const outcome = [paint(stateColour[state] ?? 'green', state), ...details].join(', ')
  return `sink     ${printable(sink.sink)}: ${outcome}`
}

const whole = (value: number) => Math.round(value).toLocaleString('en-US')
const counted = (count: number, noun: string) => `${whole(count)} ${noun}${count === 1 ? '' : 's'}`
