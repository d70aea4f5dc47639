import type { GraphEdge, GraphNode } from '../graph/graph.ts'
import { type AttributeScope, attributeTerm, hasValue, quoted } from '../model/traceql-terms.ts'
import { peerCondition } from './peer-condition.ts'

/** The attribute whose values tag nodes are. */
export interface TagAttribute {
  scope: AttributeScope
  key: string
}

/** TraceQL, of Tempo 2 and 3 alike, that finds the calls of a node; for a tag node the spans that have the value. */
export function findCallsOf(node: GraphNode, tag: TagAttribute): string {
  return `{ ${conditionOf(node, tag)} }`
}

/**
 * TraceQL that finds the calls of an edge. One span below another is a parent and its child: calls through spans
 * without `service.name` are in the graph, and are not found by it. Where only a span link connects the ends, they lie
 * in two traces, which no query can join: what is found is the callee's part of all such calls.
 *
 * Of a node `other` no more than its service is known. The edge of a tag node leads to the roots of the traces in which the value occurs.
 */
export function findCallsAlong(
  edge: GraphEdge,
  caller: GraphNode,
  callee: GraphNode,
  tag: TagAttribute,
): string {
  const [from, to] = [conditionOf(caller, tag), conditionOf(callee, tag)]
  if (caller.role === 'tag' || caller.folds === 'tag values') {
    return `{ ${from} } && { ${to} && nestedSetParent < 0 }`
  }
  if (caller.role === 'user') return `{ ${to} && ${isUserRequest} }`
  const { evidence } = edge
  if (!evidence || caller.role === 'other' || callee.role === 'other') return `{ ${from} } > { ${to} }`
  const ways: string[] = []
  if (evidence.spans) ways.push(`{ ${from} } > { ${to} }`)
  if (evidence.calleeNamedBy.length > 0) {
    const named = peerCondition(callee.title, evidence.calleeNamedBy)
    ways.push(`{ ${from} && ${named} && ${isSender(callee)} }`)
    if (callee.role === 'messaging') ways.push(`{ ${from} } > { ${named} && kind = consumer }`)
  }
  if (evidence.callerNamedBy.length > 0) {
    const named = peerCondition(caller.title, evidence.callerNamedBy)
    ways.push(`{ ${to} && ${named} && ${isReceiver(caller)} }`)
    if (caller.role === 'messaging')
      ways.push(`{ ${named} && kind != consumer } > { ${to} && kind = consumer }`)
  }
  if (evidence.links) {
    ways.push(callee.role === 'service' ? `{ ${to} && kind = consumer }` : `{ ${from} && kind = producer }`)
  }
  return ways.length === 1 ? `${ways[0]}` : ways.map((way) => `(${way})`).join(' || ')
}

/** What begins a trace, and says nothing of who called. */
const isUserRequest = 'nestedSetParent < 0 && (kind = server || kind = consumer)'

/** Tells the spans that call a peer from those that it calls. */
const isSender = ({ role }: GraphNode) => `kind != ${role === 'messaging' ? 'consumer' : 'server'}`
const isReceiver = ({ role }: GraphNode) => `kind = ${role === 'messaging' ? 'consumer' : 'server'}`

function conditionOf({ role, folds, title, operation, namedBy = [] }: GraphNode, tag: TagAttribute): string {
  const service = hasValue('resource.service.name', title)
  switch (role) {
    case 'operation':
      return `${service} && name = ${quoted(operation)}`
    case 'service':
      return service
    case 'tag':
      return hasValue(attributeTerm(tag.scope, tag.key), title)
    case 'user':
      return isUserRequest
    case 'other':
      return folds === 'operations' ? service : 'true'
    default:
      return peerCondition(title, namedBy)
  }
}
