import type { ProperGraph } from './assign-layers.ts'

const sweeps = 12

/**
 * Places the nodes of each layer: every node as near as possible to the mean of its neighbours, without overlaps and in
 * the given order.
 *
 * @param layers nodes and bends of each layer, in order
 * @param heightOf height of a node or a bend, margin included
 * @returns the centre of each node and bend
 */
export function assignCoordinates(
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
        const [preferred, other] =
          around.length > 0 ? [around, []] : [[], (down ? below[node] : above[node]) ?? []]
        return mean(preferred.length > 0 ? preferred : other) ?? middle[node] ?? 0
      })
    }
  }
  return middle

  function mean(nodes: readonly number[]): number | undefined {
    if (nodes.length === 0) return undefined
    return nodes.reduce((sum, node) => sum + (middle[node] ?? 0), 0) / nodes.length
  }

  /**
   * Minimizes the squared distances from the target positions, with fixed order and gaps. Without the gaps, positions must
   * not decrease; neighbours that violate this are placed at their mean (pool adjacent violators).
   */
  function place(nodes: readonly number[], targetOf: (node: number) => number): void {
    const blocks: { sum: number; count: number }[] = []
    const offsets: number[] = []
    let offset = 0
    for (const [at, node] of nodes.entries()) {
      const before = nodes[at - 1]
      if (before !== undefined) offset += (heightOf(before) + heightOf(node)) / 2
      offsets.push(offset)
      let block = { sum: targetOf(node) - offset, count: 1 }
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
