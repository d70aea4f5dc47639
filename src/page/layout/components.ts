/** A connected component of a graph, with its own numbering of nodes. */
export interface Component {
  /** Number of each node in the whole graph. */
  nodes: number[]
  edges: [source: number, target: number][]
  /** Number of each edge in the whole graph. */
  edgeIds: number[]
}

/** Splits a graph into its connected components, the largest first. */
export function splitComponents(
  nodeCount: number,
  edges: readonly (readonly [number, number])[],
): Component[] {
  const parent = Array.from({ length: nodeCount }, (_, node) => node)
  const rootOf = (node: number): number => {
    let root = node
    while (parent[root] !== root) root = parent[root] ?? root
    for (let at = node; at !== root; ) {
      const next = parent[at] ?? root
      parent[at] = root
      at = next
    }
    return root
  }
  for (const [source, target] of edges) {
    const [a, b] = [rootOf(source), rootOf(target)]
    parent[Math.max(a, b)] = Math.min(a, b)
  }
  const parts = new Map<number, Component>()
  const numbers: number[] = []
  for (let node = 0; node < nodeCount; node++) {
    const root = rootOf(node)
    const part = parts.get(root) ?? { nodes: [], edges: [], edgeIds: [] }
    parts.set(root, part)
    numbers[node] = part.nodes.push(node) - 1
  }
  for (const [id, [source, target]] of edges.entries()) {
    const part = parts.get(rootOf(source))
    part?.edges.push([numbers[source] ?? 0, numbers[target] ?? 0])
    part?.edgeIds.push(id)
  }
  return [...parts.values()].sort((a, b) => b.nodes.length - a.nodes.length)
}

/** Distance between two components, px. */
const gap = 48
/** Width divided by height of the whole drawing, about that of a screen. */
const aspectRatio = 1.6

interface Box {
  width: number
  height: number
}

/** Arranges boxes in rows, in their order. @returns the upper left corner of each box */
export function packBoxes(boxes: readonly Box[]): { offsets: [x: number, y: number][] } & Box {
  const area = boxes.reduce((sum, { width, height }) => sum + (width + gap) * (height + gap), 0)
  const widest = boxes.reduce((most, { width }) => Math.max(most, width), 0)
  const rowWidth = Math.max(widest, Math.sqrt(area * aspectRatio))
  const offsets: [number, number][] = []
  let [x, y, rowHeight, right] = [0, 0, 0, 0]
  for (const { width, height } of boxes) {
    if (x > 0 && x + width > rowWidth) {
      x = 0
      y += rowHeight + gap
      rowHeight = 0
    }
    offsets.push([x, y])
    right = Math.max(right, x + width)
    rowHeight = Math.max(rowHeight, height)
    x += width + gap
  }
  return { offsets, width: right, height: y + rowHeight }
}
