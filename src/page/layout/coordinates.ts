import type { ProperGraph } from './proper-graph.ts'

const sweeps = 12

/**
 * Gives each layer its places: every node as near as can be to the middle of its neighbours in the layer before, the
 * order kept and nothing overlapping.
 *
 * @param layers in order
 * @param heightOf space that a node or bend takes, margin included
 * @returns the middle of each node and bend
 */
export function coordinates(
  { above, below, size }: ProperGraph,
  layers: readonly number[][],
  heightOf: (node: number) => number,
): number[] {
  const middle = new Array<number>(size).fill(0)
  for (const nodes of layers) place(nodes, () => 0)

  for (let sweep = 0; sweep < sweeps; sweep++) {
    const down = sweep % 2 === 0
    for (const nodes of down ? layers : layers.toReversed()) {
      place(nodes, (node) => {
        const around = (down ? above[node] : below[node]) ?? []
        const [wanted, other] =
          around.length > 0 ? [around, []] : [[], (down ? below[node] : above[node]) ?? []]
        return mean(wanted.length > 0 ? wanted : other) ?? middle[node] ?? 0
      })
    }
  }
  return middle

  function mean(nodes: readonly number[]): number | undefined {
    if (nodes.length === 0) return undefined
    return nodes.reduce((sum, node) => sum + (middle[node] ?? 0), 0) / nodes.length
  }

  /**
   * Least squares with order and distances kept: taken off the distances, the wishes must not fall, and neighbours
   * whose wishes do are put at their mean (pool adjacent violators).
   */
  function place(nodes: readonly number[], wish: (node: number) => number): void {
    const blocks: { sum: number; count: number }[] = []
    const offsets: number[] = []
    let offset = 0
    for (const [at, node] of nodes.entries()) {
      const before = nodes[at - 1]
      if (before !== undefined) offset += (heightOf(before) + heightOf(node)) / 2
      offsets.push(offset)
      let block = { sum: wish(node) - offset, count: 1 }
      for (
        let last = blocks.at(-1);
        last && last.sum / last.count >= block.sum / block.count;
        last = blocks.at(-1)
      ) {
        block = { sum: last.sum + block.sum, count: last.count + block.count }
        blocks.pop()
      }
      blocks.push(block)
    }
    let at = 0
    for (const { sum, count } of blocks) {
      for (const end = at + count; at < end; at++)
        middle[nodes[at] as number] = sum / count + (offsets[at] ?? 0)
    }
  }
}
