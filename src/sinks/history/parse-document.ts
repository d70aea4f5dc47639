import type { GraphDocument } from '../../model/graph-document.ts'
import type { NodeRow } from '../../model/node-graph-rows.ts'

/** Keys that documents had before version 0.1.0, with their path, and their names since then. */
const renamedKeys: [path: string[], before: string, now: string][] = [
  [['summary', 'spans'], 'unnamed', 'withoutService'],
  [['summary', 'read'], 'notGiven', 'unavailable'],
  [['summary', 'phasesMs'], 'handOn', 'publish'],
  [['traceExamples'], 'unnamed', 'withoutService'],
]

/** Reads a stored document. Renames the keys of one that an earlier version stored. */
export function parseDocument(text: string): GraphDocument {
  const document: unknown = JSON.parse(text)
  for (const [path, before, now] of renamedKeys) {
    rename(
      path.reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), document),
      before,
      now,
    )
  }
  const { nodes, edges, summary } = document as GraphDocument
  if (Array.isArray(nodes)) {
    for (const row of nodes) {
      rename(row, 'detail__source', 'detail__named_by')
      addMissing(row, { ...missingInNodes, ...intervalOf(row) })
    }
  }
  if (Array.isArray(edges))
    for (const row of edges) addMissing(row, { ...missingInEdges, ...intervalOf(row) })
  addMissing(summary?.spans, missingInSpans)
  return document as GraphDocument
}

/** Fields that rows and summaries did not have before, and values that mean "unknown". */
const missingInNodes = { operation: '', identity: {}, group: '' }
const missingInEdges = { messages: 0 }
const missingInSpans = { doubled: 0, unnamedPeers: 0 }

/** Rows had no intervals before, and nothing to estimate them from, nor the failed calls before sampling. */
function intervalOf({ count, adjustedCount, failed }: Pick<NodeRow, 'count' | 'adjustedCount' | 'failed'>) {
  const adjustedFailed = count === 0 ? 0 : (failed * adjustedCount) / count
  return {
    adjustedCountLow: adjustedCount,
    adjustedCountHigh: adjustedCount,
    adjustedFailed,
    adjustedFailedLow: adjustedFailed,
    adjustedFailedHigh: adjustedFailed,
  }
}

function addMissing(holder: unknown, fields: Record<string, unknown>): void {
  if (!isObject(holder)) return
  for (const [key, value] of Object.entries(fields)) holder[key] ??= value
}

function rename(holder: unknown, before: string, now: string): void {
  if (!isObject(holder) || !Object.hasOwn(holder, before)) return
  holder[now] = holder[before]
  delete holder[before]
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null
