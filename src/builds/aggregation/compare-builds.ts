import { isDeepStrictEqual } from 'node:util'
import { badRequest, TtaError } from '../../base/errors.ts'
import { secondsPerUnit } from '../../base/time-units.ts'
import { noBuildThen } from '../../model/build-history.ts'
import type { GraphComparison } from '../../model/graph-comparison.ts'
import type { GraphDocument } from '../../model/graph-document.ts'
import { type AggregationParameters, servicesGraphName } from '../../model/parameters.ts'
import type { AggregationSummary, ComparedBuild } from '../../model/summary.ts'
import type { GraphStore } from '../../sinks/graph-store.ts'
import type { ReadOptions } from '../../sources/trace-source.ts'
import { compareGraphs } from '../diff/compare-graphs.ts'
import { parseTimeMs } from './parse-time.ts'
import { notComparedWarning } from './warnings.ts'

/** The other side of a comparison: the build of a time, the window that is `offsetMs` earlier, or any window. */
type Base = { atMs: number } | { offsetMs: number } | { fromMs: number; toMs: number }

type BuildFrom = ComparedBuild['from']
type PreviewOptions = Pick<ReadOptions, 'signal' | 'onProgress'>

/** Builds a graph and publishes nothing, as `Aggregator.preview`. */
export type BuildPreview = (
  parameters: AggregationParameters,
  options: PreviewOptions,
) => Promise<GraphDocument>

export interface ComparisonParts {
  aggregator: { preview: BuildPreview }
  store: Pick<GraphStore, 'at'>
  /** Unix ms. */
  now: () => number
}

/**
 * Compares a build with an earlier one, or with another window of the same source and parameters.
 *
 * @param base a time, an offset such as `1d`, or a window `from,to`. A time means the build that was current then. An
 *   offset means the build that was current that much earlier; if its window is another one, the window is built. A
 *   window is built.
 * @throws {TtaError} 400 `base`; 404 no build is that old; as `preview`, where a window is built
 */
export async function compareBuilds(
  current: GraphDocument,
  base: string,
  { aggregator, store, now }: ComparisonParts,
  options: PreviewOptions,
): Promise<GraphComparison> {
  const parsed = parseBase(base, now())
  const { document, from } = await findBase()
  const diff = compareGraphs(comparedGraph(document), comparedGraph(current))
  return {
    name: current.name,
    base: comparedBuild(document, from),
    current: comparedBuild(current, 'history'),
    summary: diff.summary,
    warnings: comparisonWarnings(document, current, from),
    nodes: diff.nodes,
    edges: diff.edges,
  }

  async function findBase(): Promise<{ document: GraphDocument; from: BuildFrom }> {
    if ('atMs' in parsed) return { document: await buildOf(parsed.atMs), from: 'history' }
    if ('fromMs' in parsed) return buildWindow(parsed.fromMs, parsed.toMs)
    const kept = await store.at(current.name, Date.parse(current.builtAt) - parsed.offsetMs)
    const { fromMs, toMs } = earlierWindow(current, parsed.offsetMs)
    if (kept && overlaps(kept, fromMs, toMs)) return { document: kept, from: 'history' }
    return buildWindow(fromMs, toMs)
  }

  async function buildOf(atMs: number): Promise<GraphDocument> {
    const document = await store.at(current.name, atMs)
    if (document) return document
    throw noBuildThen(current.name, atMs)
  }

  async function buildWindow(fromMs: number, toMs: number) {
    const document = await aggregator.preview(parametersFor(current, fromMs, toMs), options)
    return { document, from: 'source' as const }
  }
}

/**
 * Compares a new graph with its window `offset` earlier, for its summary. A comparison that fails becomes a warning:
 * it must not cost the graph.
 *
 * @throws only the reason of the signal
 */
export async function compareWithEarlier(
  document: GraphDocument,
  offset: string,
  parts: ComparisonParts,
  options: PreviewOptions,
): Promise<Pick<AggregationSummary, 'comparison' | 'warnings'>> {
  try {
    const { base, summary, warnings } = await compareBuilds(document, offset, parts, options)
    return { comparison: { base, ...summary, warnings }, warnings: [] }
  } catch (error) {
    options.signal.throwIfAborted()
    if (!(error instanceof TtaError)) throw error
    return { warnings: [notComparedWarning(offset, error.message)] }
  }
}

/** @throws {TtaError} 400 */
function parseBase(base: string, nowMs: number): Base {
  const [from = '', to, ...more] = base.split(',')
  const fromMs = parseTimeMs(from, nowMs)
  if (to !== undefined) {
    const toMs = parseTimeMs(to, nowMs)
    if (fromMs !== undefined && toMs !== undefined && more.length === 0) return { fromMs, toMs }
  } else {
    const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)([smhdw])$/.exec(base) ?? []
    const offsetMs = Number(amount) * (secondsPerUnit[unit] ?? 0) * 1000
    if (offsetMs > 0 && offsetMs <= nowMs) return { offsetMs }
    if (fromMs !== undefined) return { atMs: fromMs }
  }
  const message = 'must be an offset such as 1d (s, m, h, d, w), a time as in from, or a window from,to'
  throw badRequest([{ field: 'base', value: base, message }])
}

function earlierWindow({ summary: { window } }: GraphDocument, offsetMs: number) {
  return { fromMs: Date.parse(window.from) - offsetMs, toMs: Date.parse(window.to) - offsetMs }
}

/** Whether a build covers at least half of the window: the build before may be weeks old. */
function overlaps({ summary: { window } }: GraphDocument, fromMs: number, toMs: number): boolean {
  const common = Math.min(Date.parse(window.to), toMs) - Math.max(Date.parse(window.from), fromMs)
  return common >= (toMs - fromMs) / 2
}

/** Returns the parameters of the current graph for another window, without its search mode, which would clip it. */
function parametersFor(current: GraphDocument, fromMs: number, toMs: number): AggregationParameters {
  const {
    searchFrom: _searchFrom,
    dryRun: _dryRun,
    compare: _compare,
    ...parameters
  } = current.summary.parameters
  return {
    ...parameters,
    graph: current.name,
    level: levelOf(current),
    searchMode: 'all',
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
  }
}

/** Returns the level of one graph: at level both two graphs are built. */
function levelOf({ name, summary }: GraphDocument): 'operation' | 'service' {
  const { level, graph = name } = summary.parameters
  if (level === 'both') return name === servicesGraphName(graph) ? 'service' : 'operation'
  return level ?? 'operation'
}

const comparedGraph = ({ nodes, edges, summary }: GraphDocument) => ({
  nodes,
  edges,
  windowSec: summary.window.seconds,
})

const comparedBuild = ({ builtAt, summary }: GraphDocument, from: BuildFrom): ComparedBuild => ({
  builtAt,
  status: summary.status,
  window: summary.window,
  from,
})

/** Parameters that choose the window, or that do not affect what is counted. */
const immaterial = [
  'graph',
  'from',
  'to',
  'searchFrom',
  'searchMode',
  'dryRun',
  'compare',
  'serviceNodeSubTitle',
  'level',
]

function comparisonWarnings(base: GraphDocument, current: GraphDocument, from: BuildFrom): string[] {
  const [before, now] = [base.summary.parameters, current.summary.parameters] as Record<string, unknown>[]
  const differing = [...new Set([...Object.keys(before ?? {}), ...Object.keys(now ?? {})])]
    .filter((key) => !immaterial.includes(key) && !isDeepStrictEqual(before?.[key], now?.[key]))
    .sort()
  if (levelOf(base) !== levelOf(current)) differing.push('level')
  const warnings = [
    differing.length > 0 && `The two graphs were built with different parameters: ${differing.join(', ')}.`,
    from === 'history' && base.builtAt === current.builtAt && 'Base and current are the same build.',
    base.summary.status !== 'complete' && `The base is ${base.summary.status}.`,
    current.summary.status !== 'complete' && `The current graph is ${current.summary.status}.`,
  ]
  return warnings.filter((line) => line !== false)
}
