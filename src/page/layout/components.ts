/** A part of a graph that hangs together; its nodes are numbered anew. */
export interface Component {
  /** Of each node its number in the whole graph. */
  nodes: number[]
  edges: [source: number, target: number][]
  /** Of each edge its number in the whole graph. */
  edgeIds: number[]
}

/** The parts of a graph between which no edge leads, the largest first. */
export function components(nodeCount: number, edges: readonly (readonly [number, number])[]): Component[] {
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
