export interface AcyclicGraph {
  nodeCount: number
  /** From the lower to the higher layer: turned around where `reversed` says so. */
  edges: [from: number, to: number][]
  reversed: boolean[]
  /** Every node after all from which an edge leads to it. */
  order: number[]
}

/** Turns edges around until there is no cycle. Edges from a node to itself are to be left out before. */
export function acyclic(nodeCount: number, edges: readonly (readonly [number, number])[]): AcyclicGraph {
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
 * An order against which few edges lead (Eades, Lin, Smyth 1993): again and again who calls nobody goes to the end,
 * who is called by nobody to the front, and where there is neither, who calls most more than it is called.
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
