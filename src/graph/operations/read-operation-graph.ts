import type { Steps } from '../columns/steps.ts'
import { otherIndex, otherText, type StringTable } from '../columns/string-table.ts'
import type { Folding, Graph, GraphEdge, GraphNode } from '../graph.ts'
import { nameFields, nameOfFields } from '../spans/node-name.ts'
import { noPattern } from '../totals/call-patterns.ts'
import { noSides } from '../totals/call-sides.ts'
import type { CallTotals } from '../totals/call-totals.ts'
import type { GroupCounts } from '../totals/group-counts.ts'
import { compareTexts, foldOperations, foldTags } from './fold-into-other.ts'
import type { TagSums } from './tag-totals.ts'

/**
 * Turns the totals of operations into a graph. Nodes and edges without calls are left out.
 *
 * @param maxNodes most operations, and most values of the tag; the least called beyond it are folded
 * @returns nodes sorted by role, title, operation; edges by source, target
 */
export function* readGraph(
  all: CallTotals,
  allTags: TagSums | undefined,
  groups: GroupCounts | undefined,
  strings: StringTable,
  maxNodes: number,
): Steps<Pick<Graph, 'nodes' | 'edges' | 'foldings'>> {
  const { totals: operations, nodeOf: operationOf, folding } = foldOperations(all, strings, maxNodes)
  const foldedTags = allTags && foldTags(allTags, operationOf, strings, maxNodes)
  const tags = foldedTags?.sums
  const operationNodes = yield* readOperations(operations, strings)
  addGroups(operationNodes, groups?.read(operationOf, strings))
  const tagNodes = tags ? yield* readTags(tags, strings) : []
  const nodes = [...withCalls(operationNodes, operations), ...withCalls(tagNodes)].sort(compareNodes)
  const indexOf = new Map(nodes.map((node, index) => [node, index]))
  const edges: GraphEdge[] = []

  const { edges: calls } = operations
  for (let call = 0; call < calls.length; call++) {
    const source = indexOf.get(operationNodes[calls.first[call]!]!)
    const target = indexOf.get(operationNodes[calls.second[call]!]!)
    addEdge(edges, source, target, operations.readEdge(call, strings))
    yield
  }
  for (let entry = 0; tags && entry < tags.entries.length; entry++) {
    const source = indexOf.get(tagNodes[tags.entries.first[entry]!]!)
    const target = indexOf.get(operationNodes[tags.entries.second[entry]!]!)
    addEdge(edges, source, target, readEntry(tags, entry))
    yield
  }
  edges.sort((a, b) => a.source - b.source || a.target - b.target)
  return { nodes, edges, foldings: foldingsOf(folding, foldedTags?.folding) }
}

/**
 * Returns the nodes that received calls or made some. A node whose spans all began outside the counted time only makes
 * calls.
 *
 * @param calls of these nodes
 */
export function withCalls(
  nodes: readonly GraphNode[],
  calls?: Pick<CallTotals, 'edges' | 'edgeRed'>,
): GraphNode[] {
  const callers = new Set<number>()
  for (let call = 0; calls && call < calls.edges.length; call++) {
    if (calls.edgeRed.countOf(call) > 0) callers.add(calls.edges.first[call]!)
  }
  return nodes.filter(({ count }, at) => count > 0 || callers.has(at))
}

/** Sets the groups of nodes, by their position. */
export function addGroups(nodes: GraphNode[], groups: ReadonlyMap<number, string> = new Map()): void {
  for (const [at, group] of groups) Object.assign(nodes[at] ?? {}, { group })
}

function* readOperations(operations: CallTotals, strings: StringTable): Steps<GraphNode[]> {
  const read: GraphNode[] = []
  for (let node = 0; node < operations.nodes.length; node++) {
    read.push(readOperation(operations, node, strings))
    yield
  }
  return read
}

function readOperation(
  { nodes, nodeRed, selfCalls }: CallTotals,
  node: number,
  strings: StringTable,
): GraphNode {
  const [service, name] = [nodes.first[node]!, nodes.second[node]!]
  const figures = { ...nodeRed.read(node), selfCalls: selfCalls[node] ?? 0 }
  const called = nameFields(strings.text(service))
  if (name !== otherIndex) return { role: 'operation', ...called, operation: strings.text(name), ...figures }
  const folds = service === otherIndex ? 'operations of all' : 'operations'
  return { role: 'other', folds, ...called, operation: otherText, ...figures }
}

const tagRole = { role: 'tag' } as const
const otherTags = { role: 'other', folds: 'tag values' } as const

/** Returns a node for each value of the tag, in order of their numbers in `tags`. */
export function* readTags({ tags, tagRed }: TagSums, strings: StringTable): Steps<GraphNode[]> {
  const read: GraphNode[] = []
  for (let tag = 0; tag < tags.length; tag++) {
    read.push({
      ...(tags.first[tag] === otherIndex ? otherTags : tagRole),
      title: strings.text(tags.first[tag]!),
      operation: '',
      ...tagRed.read(tag),
      selfCalls: 0,
    })
    yield
  }
  return read
}

/** Returns the figures of the edge from a tag node to a root. It is not a call, so it has no sides and no pattern. */
export function readEntry({ entryRed }: TagSums, entry: number): Omit<GraphEdge, 'source' | 'target'> {
  return { ...entryRed.read(entry), sides: { ...noSides }, pattern: { ...noPattern }, messages: 0 }
}

/** Adds an edge if it has calls. Then both of its ends exist, because its spans count on them. */
export function addEdge(
  edges: GraphEdge[],
  source: number | undefined,
  target: number | undefined,
  red: Omit<GraphEdge, 'source' | 'target'>,
): void {
  if (red.count > 0 && source !== undefined && target !== undefined) edges.push({ source, target, ...red })
}

/** Compares nodes by role, title, parts, operation and `folds`. */
export function compareNodes(a: GraphNode, b: GraphNode): number {
  return (
    compareTexts(a.role, b.role) ||
    compareTexts(nameOfFields(a), nameOfFields(b)) ||
    compareTexts(a.operation, b.operation) ||
    compareTexts(a.folds ?? '', b.folds ?? '')
  )
}

/** Returns the foldings that folded anything. */
export function foldingsOf(...foldings: (Folding | undefined)[]): Folding[] {
  return foldings.filter(
    (folding) => folding !== undefined && folding.folded + folding.overflowCalls > 0,
  ) as Folding[]
}
