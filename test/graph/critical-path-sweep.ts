import { SpanKind, type SpanTable } from '../../src/graph/spans/span-table.ts'
import { ParentState, type TraceTree } from '../../src/graph/trace/trace-tree.ts'

type Parents = Pick<TraceTree, 'parent'>

interface Node {
  row: number
  fromNs: bigint
  toNs: bigint
  id: bigint
  kind: number
  children: Node[]
}

/**
 * Computes the critical path in the simplest way, in whole ns of any size. It goes back through all times at which a
 * span starts or ends, and keeps the spans that it is inside. At each time it leaves the spans that start there, then
 * enters the children that end there. The time back to the previous one belongs to the innermost span.
 */
export function sweepExclusiveNs(spans: SpanTable, tree: Parents): bigint[] {
  const exclusiveNs = Array<bigint>(spans.length).fill(0n)
  for (let row = 0; row < spans.length; row++) {
    if (tree.parent[row] === ParentState.root) sweepRoot(nodeOf(spans, tree, row), exclusiveNs)
  }
  return exclusiveNs
}

function sweepRoot(root: Node, exclusiveNs: bigint[]): void {
  const moments = [...new Set(momentsOf(root))].sort((a, b) => (a < b ? 1 : -1))
  const inside: Node[] = root.toNs > root.fromNs ? [root] : []
  for (const [index, nowNs] of moments.entries()) {
    while (inside.at(-1)?.fromNs === nowNs) inside.pop()
    for (;;) {
      const next = inside.at(-1)?.children.find((child) => child.toNs === nowNs)
      if (next === undefined) break
      inside.push(next)
    }
    const innermost = inside.at(-1)
    if (innermost === undefined) return
    exclusiveNs[innermost.row] = (exclusiveNs[innermost.row] ?? 0n) + nowNs - (moments[index + 1] ?? nowNs)
  }
}

const momentsOf = (node: Node): bigint[] => [node.fromNs, node.toNs, ...node.children.flatMap(momentsOf)]

/** A span cut to its parent, with its children that have a time in it, the ones to be preferred first. */
function nodeOf(spans: SpanTable, tree: Parents, row: number, parent?: Node): Node {
  const column = (values: ArrayLike<number>) => BigInt(values[row] ?? 0)
  const startNs = (column(spans.startHi) << 32n) + column(spans.startLo)
  const endNs = startNs + column(spans.durationNs)
  const node: Node = {
    row,
    fromNs: parent && parent.fromNs > startNs ? parent.fromNs : startNs,
    toNs: parent && parent.toNs < endNs ? parent.toNs : endNs,
    id: (column(spans.spanIdHi) << 32n) + column(spans.spanIdLo),
    kind: spans.kind[row] ?? 0,
    children: [],
  }
  for (let child = 0; child < spans.length; child++) {
    const isSent = node.kind === SpanKind.producer && spans.kind[child] === SpanKind.consumer
    if (tree.parent[child] === row && !isSent) node.children.push(nodeOf(spans, tree, child, node))
  }
  node.children = node.children.filter((child) => child.fromNs < child.toNs).sort(byPreference)
  return node
}

function byPreference(a: Node, b: Node): number {
  if (a.fromNs !== b.fromNs) return a.fromNs > b.fromNs ? -1 : 1
  if (a.id !== b.id) return a.id < b.id ? -1 : 1
  return a.kind - b.kind
}
