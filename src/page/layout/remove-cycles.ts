export interface AcyclicGraph {
  nodeCount: number
  /** Edges in forward direction. */
  edges: [from: number, to: number][]
  /** Whether each edge was reversed. */
  reversed: boolean[]
  /** Topological order: every node after its callers. */
  order: number[]
}

/** Reverses edges until the graph has no cycle. The input must not contain self loops. */
export function removeCycles(nodeCount: number, edges: readonly (readonly [number, number])[]): AcyclicGraph {
  const order = orderOf(nodeCount, edges)
  const place: number[] = []
  for (const [at, node] of order.entries()) place[node] = at
  const reversed = edges.map(([source, target]) => (place[source] ?? 0) > (place[target] ?? 0))
  return {
    nodeCount,
    edges: edges.map(([source, target], id) => (reversed[id] ? [target, source] : [source, target])),
    reversed,
    order,
  }
}

/**
 * Orders nodes so that few edges point backwards (Eades, Lin, Smyth 1993). Repeatedly moves sinks to the end and sources
 * to the front. If there are neither, it moves the node with the largest excess of outgoing edges to the front.
 */
function orderOf(nodeCount: number, edges: readonly (readonly [number, number])[]): number[] {
  const callers: number[][] = Array.from({ length: nodeCount }, () => [])
  const callees: number[][] = Array.from({ length: nodeCount }, () => [])
  for (const [source, target] of edges) {
    callees[source]?.push(target)
    callers[target]?.push(source)
  }
  const incoming = callers.map(({ length }) => length)
  const outgoing = callees.map(({ length }) => length)
  const taken = new Uint8Array(nodeCount)
  const nodes = incoming.map((_, node) => node)
  const sources = nodes.filter((node) => incoming[node] === 0)
  const sinks = nodes.filter((node) => outgoing[node] === 0 && incoming[node] !== 0)
  const front: number[] = []
  const back: number[] = []

  const take = (node: number, end: number[]) => {
    taken[node] = 1
    end.push(node)
    for (const other of callees[node] ?? []) {
      incoming[other] = (incoming[other] ?? 0) - 1
      if (incoming[other] === 0 && !taken[other]) sources.push(other)
    }
    for (const other of callers[node] ?? []) {
      outgoing[other] = (outgoing[other] ?? 0) - 1
      if (outgoing[other] === 0 && !taken[other]) sinks.push(other)
    }
  }
  while (front.length + back.length < nodeCount) {
    const sink = nextOf(sinks, taken)
    const source = sink === undefined ? nextOf(sources, taken) : undefined
    if (sink !== undefined) take(sink, back)
    else if (source !== undefined) take(source, front)
    else take(mostCalling(nodes, taken, outgoing, incoming), front)
  }
  return [...front, ...back.reverse()]
}

function nextOf(waiting: number[], taken: Uint8Array): number | undefined {
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) if (!taken[node]) return node
  return undefined
}

function mostCalling(nodes: number[], taken: Uint8Array, outgoing: number[], incoming: number[]): number {
  let best = -1
  let most = Number.NEGATIVE_INFINITY
  for (const node of nodes) {
    const excess = (outgoing[node] ?? 0) - (incoming[node] ?? 0)
    if (taken[node] || excess <= most) continue
    most = excess
    best = node
  }
  return best
}
