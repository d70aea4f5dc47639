import type { Explanation } from '../../model/explanation.ts'
import type { EdgeRow } from '../../model/node-graph-rows.ts'

/** So many rules are named in a verdict. */
const maxNamed = 3

/** Why there is an edge, or none, for a person in a hurry. @param calls found now */
export function verdictOn(
  { source, target }: { source: string; target: string },
  edge: EdgeRow | null,
  calls: number,
  nearMisses: Explanation['nearMisses'],
): string {
  const [first] = nearMisses
  const counts = nearMisses.slice(0, maxNamed).map(({ rule, count }) => `${rule} ${count}`)
  if (calls > 0) {
    const found = `${source} calls ${target}: ${calls} ${calls === 1 ? 'call' : 'calls'}`
    const built = edge ? '' : '; the graph was built before they were there'
    return `${found}${built}.${first ? ` Besides, what was no such call: ${counts.join(', ')}.` : ''}`
  }
  const none = edge
    ? `The graph has an edge from ${source} to ${target}, and no such call was found now.`
    : `No call leads from ${source} to ${target}.`
  if (!first) return `${none} Nothing came near one.`
  const via = first.via.slice(0, maxNamed).map(({ node, count }) => `${node} ${count}`)
  const between = via.length === 0 ? '' : ` Between: ${via.join(', ')}.`
  const rest = counts.length > 1 ? ` Besides: ${counts.slice(1).join(', ')}.` : ''
  return `${none} ${first.meaning}${between} Found ${first.count === 1 ? 'once' : `${first.count} times`}.${rest}`
}
