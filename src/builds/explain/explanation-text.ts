import type { NearMissRule } from '../../graph/explain/near-misses.ts'
import type { Explanation } from '../../model/explanation.ts'
import type { EdgeRow } from '../../model/node-graph-rows.ts'

/** Most rules and nodes that a verdict names. */
const maxNamed = 3

/** The meaning of each rule: what was found, and why that is not a call. `S` and `T` are replaced by the names of source and target. */
const meanings: Record<NearMissRule | 'not-in-window', string> = {
  'same-node': 'S calls itself: such a call is not an edge, but counts in selfCalls of the node.',
  'broker-between':
    'The message passes through a broker: one edge leads from S to the broker, and one from the broker to T.',
  'answered-elsewhere':
    'A client names one node as its peer, but a span of another service answers. The call counts for the service that answered.',
  indirect: 'S is above T in the trace, but another node between them makes the call.',
  'separate-roots':
    'Both are in one trace, but the span of T is a root: the context was not propagated. Links make edges at the service level only.',
  'unresolved-link':
    'The span of T received a message from a producer that was not read. The producer is outside the window, filtered out, or was never sent.',
  orphan: 'The span of T names a parent that never arrived, which may have been a span of S.',
  'without-service':
    'All spans above the span of T lack service.name or are transparent, so the caller is unknown.',
  'unanswered-client':
    'A client span of S names no peer, and no span answers it: the callee sends no spans, or the context was lost.',
  reverse: 'T calls S: the edge leads the other way.',
  'not-an-entry': 'The trace has the value of the tag, but T is not its root: only roots get that edge.',
  cycle: 'The span of T is its own ancestor: the cycle was cut there.',
  'other-caller':
    'A trace that has S also has a call to T, but another node makes it, and S is not above it.',
  duplicate: 'The span of T is a duplicate of another span, and duplicates are not counted.',
  excluded: 'The span of T, or a span above it, is left out by exclude, so it counts nowhere.',
  'not-together': 'The trace has only one of the two.',
  'not-in-window': 'The graph has both nodes, but the source no longer has spans of both.',
}

/** Returns what a rule found, with the names of the two nodes. */
export function meaningOf(rule: NearMissRule | 'not-in-window', source: string, target: string): string {
  return meanings[rule].replace(/\b[ST]\b/g, (name) => (name === 'S' ? source : target))
}

/** Returns why there is an edge, or why not, in a few sentences. @param calls number of calls found by this read */
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
    const later = edge ? '' : ', which arrived after the graph was built'
    return `${found}${later}.${first ? ` Near misses: ${counts.join(', ')}.` : ''}`
  }
  const none = edge
    ? `The graph has an edge from ${source} to ${target}, but no such call was found now.`
    : `No call leads from ${source} to ${target}.`
  if (!first) return `${none} There are no near misses.`
  const via = first.via.slice(0, maxNamed).map(({ node, count }) => `${node} ${count}`)
  const between = via.length === 0 ? '' : ` Nodes between: ${via.join(', ')}.`
  const rest = counts.length > 1 ? ` Other near misses: ${counts.slice(1).join(', ')}.` : ''
  return `${none} ${first.meaning}${between} Found ${first.count === 1 ? 'once' : `${first.count} times`}.${rest}`
}
