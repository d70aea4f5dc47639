import type { NearMissRule } from '../../graph/explain/near-misses.ts'

/** What a rule found, and why that makes no call; `S` and `T` stand for the names of source and target. */
const meanings: Record<NearMissRule | 'not-in-window', string> = {
  'same-node': 'S calls itself: such a call is no edge, it counts in selfCalls of the node.',
  'broker-between':
    'The message goes through the node of a broker: there is an edge from S to the broker and one from it to T.',
  'answered-elsewhere':
    'A client names one node as its peer, and the spans of another service answered: what answered is what was called.',
  indirect: 'S stands above T in the trace, with another node between, and that one calls.',
  'separate-roots':
    'Both are in one trace, and the span of T is a root of its own: the context that would connect them was not passed on. Links make edges at the service level only.',
  'unresolved-link':
    'The span of T received a message and is linked to a producer that was not read: outside the window, filtered out, or never sent.',
  orphan:
    'The span of T names a parent that never arrived: it may have been a span of S, and nobody can tell.',
  'without-service':
    'Above the span of T stand only spans without service.name: whose they are is not known.',
  'unanswered-client':
    'A client span of S names no peer, and no span answers it: the callee sends no spans, or lost the context.',
  reverse: 'T calls S: the edge goes the other way.',
  'not-an-entry':
    'The trace has the value of the tag, but T is not where it begins: only roots get that edge.',
  cycle: 'The span of T is among its own ancestors: the loop was cut where it stands.',
  'other-caller': 'T is called in a trace that has S too, by another node and not below S.',
  duplicate: 'The span of T is a repetition of another: it counts once.',
  'not-together': 'One of the two is in the trace, the other is not.',
  'not-in-window':
    'The graph has both nodes, and the source no longer has spans of both: what was read then is gone.',
}

export function meaningOf(rule: NearMissRule | 'not-in-window', source: string, target: string): string {
  return meanings[rule].replace(/\b[ST]\b/g, (name) => (name === 'S' ? source : target))
}
