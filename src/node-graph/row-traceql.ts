import type { GraphEdge, GraphNode, PeerName } from '../graph/graph.ts'
import { temporaryTitle } from '../graph/spans/peer-naming.ts'
import { earlierNames, partAttributes, serviceNameAttribute } from '../model/identity.ts'
import { withinLexerBlocks } from '../model/traceql-blocks.ts'
import {
  type AttributeScope,
  attributeTerm,
  hasValue,
  matchesPattern,
  patternOf,
  quoted,
} from '../model/traceql-terms.ts'
import type { NodeNaming } from './node-naming.ts'

/** The attribute whose values are tag nodes. */
export interface TagAttribute {
  scope: AttributeScope
  key: string
}

/**
 * Returns TraceQL, for Tempo 2 and 3, that finds the calls of a node. For a tag node: the spans with the value.
 *
 * @param failed a condition on failed spans, to find failed calls only
 */
export function nodeTraceql(node: GraphNode, tag: TagAttribute, naming: NodeNaming, failed = ''): string {
  return withinLexerBlocks(`{ ${nodeCondition(node, tag, naming)}${failed && ` && ${failed}`} }`)
}

/**
 * Returns TraceQL that finds the calls of an edge. It matches a parent span and its child. Its limits:
 *
 * - It misses calls through spans without `service.name`, which the graph contains.
 * - Of calls through a transparent service it may find more: also those that another service made in between.
 * - No query joins two traces. If only a span link connects the ends, it finds the callee's part of all such calls.
 * - Of an `other` node only the service is known.
 * - The edge of a tag node finds the roots of the traces in which the value occurs.
 *
 * @param failed a condition on failed spans, to find failed calls only; at the service level either side may have failed
 */
export function edgeTraceql(
  edge: GraphEdge,
  caller: GraphNode,
  callee: GraphNode,
  tag: TagAttribute,
  naming: NodeNaming,
  failed = '',
): string {
  const and = failed && ` && ${failed}`
  const [from, to] = [nodeCondition(caller, tag, naming), nodeCondition(callee, tag, naming)]
  if (caller.role === 'tag' || caller.folds === 'tag values') {
    return anyQuery([`{ ${from} } && { ${to} && nestedSetParent < 0${and} }`])
  }
  if (caller.role === 'user') return anyQuery([`{ ${to} && ${isUserRequest}${and} }`])
  const { evidence } = edge
  const passed = (edge.via ?? []).map((name) =>
    hasValue(attributeTerm('resource', serviceNameAttribute), name),
  )
  const throughSpans = passed.map((service) => `{ ${from} } > { ${service} } >> { ${to}${and} }`)
  if (!evidence || caller.role === 'other' || callee.role === 'other') {
    return anyQuery([`{ ${from} } > { ${to}${and} }`, ...throughSpans])
  }
  const alternatives: string[] = []
  if (evidence.spans) {
    alternatives.push(`{ ${from} } > { ${to}${and} }`, ...throughSpans)
    if (failed !== '') alternatives.push(`{ ${from} && ${isCaller}${and} } > { ${to} }`)
  }
  if (evidence.calleeNamedBy.length > 0) {
    const named = peerCondition(evidence.calleeNamedBy)
    alternatives.push(`{ ${from} && ${named} && ${isCallTo(callee)}${and} }`)
    const call = `${named} && ${isCallTo(callee)}${and}`
    alternatives.push(...passed.map((service) => `{ ${from} } >> { ${service} && ${call} }`))
    if (callee.role === 'messaging') alternatives.push(`{ ${from}${and} } > { ${named} && kind = consumer }`)
  }
  if (evidence.callerNamedBy.length > 0) {
    const named = peerCondition(evidence.callerNamedBy)
    alternatives.push(`{ ${to} && ${named} && ${isCallFrom(caller)}${and} }`)
    if (caller.role === 'messaging')
      alternatives.push(
        `{ ${named} && kind != consumer } > { ${to} && (kind = consumer || kind = server)${and} }`,
      )
  }
  if (evidence.links) {
    alternatives.push(
      callee.role === 'service' ? `{ ${to} && ${isReceiver}${and} }` : `{ ${from} && kind = producer${and} }`,
    )
  }
  return anyQuery(alternatives)
}

const anyQuery = (queries: string[]) =>
  withinLexerBlocks(
    queries.length === 1 ? `${queries[0]}` : queries.map((query) => `(${query})`).join(' || '),
  )

/** A root span that receives a call without naming the caller. */
const isUserRequest = 'nestedSetParent < 0 && (kind = server || kind = consumer)'

/** Spans whose status is that of the call they make. */
const isCaller = '(kind = client || kind = producer)'

/**
 * Conditions on spans that send and receive messages. A CLIENT span may receive them too. Of the names that
 * `src/graph/spans/message-action.ts` knows, the query has only the one that the conventions require.
 */
const receives = '(span.messaging.operation.type = "receive" || span.messaging.operation = "receive")'
const isReceiver = `(kind = consumer || kind = client && ${receives})`
const isSender = `kind != consumer && !${receives}`

/** Conditions that separate spans that call a peer from spans that the peer calls. */
const isCallTo = ({ role }: GraphNode) => (role === 'messaging' ? isSender : 'kind != server')
const isCallFrom = ({ role }: GraphNode) => (role === 'messaging' ? isReceiver : 'kind = server')

function nodeCondition(node: GraphNode, tag: TagAttribute, naming: NodeNaming): string {
  const { role, folds, title, operation, namedBy = [] } = node
  const service = serviceCondition(node, naming)
  switch (role) {
    case 'operation':
      return `${service} && ${nameCondition(operation, naming.hasTemplates)}`
    case 'service':
      return service
    case 'tag':
      return hasValue(attributeTerm(tag.scope, tag.key), title)
    case 'user':
      return isUserRequest
    case 'other':
      return folds === 'operations' ? service : 'true'
    default:
      return peerCondition(namedBy)
  }
}

/** Returns a condition on a span name. In a template `*` stands for a part that `nameTemplate` may have replaced. */
function nameCondition(name: string, isTemplate: boolean): string {
  if (!isTemplate || !name.includes('*')) return `name = ${quoted(name)}`
  return matchesPattern('name', name.split('*').map(patternOf).join('[^/\\s]+'))
}

/**
 * Returns a condition on spans of a service: its name and the further attributes that identify it. That an attribute is
 * absent is a condition only where another service has the same title. It negates a disjunction: below any other
 * negation, and for `= nil`, Tempo 2.10.7 and 3.0.3 fetch only spans that have the attribute.
 */
function serviceCondition(node: GraphNode, naming: NodeNaming): string {
  const conditions = [hasValue(attributeTerm('resource', serviceNameAttribute), node.title)]
  const absent: string[] = []
  for (const key of partAttributes(naming.identity)) {
    const value = naming.valueOf(node, key)
    const terms = [key, ...(earlierNames[key] === undefined ? [] : [earlierNames[key]])].map((name) =>
      attributeTerm('resource', name),
    )
    if (value !== '') conditions.push(anyOf(terms.map((term) => hasValue(term, value))))
    else if (naming.sharesTitle(node)) absent.push(...terms.map((term) => `${term} != nil`))
  }
  if (absent.length === 1) absent.push('false')
  if (absent.length > 0) conditions.push(`!(${absent.join(' || ')})`)
  return conditions.join(' && ')
}

const anyOf = (conditions: string[]) =>
  conditions.length === 1 ? `${conditions[0]}` : `(${conditions.join(' || ')})`

/**
 * Returns a condition on spans that name a peer in one of these ways. It reverses `PeerNaming`, which takes only the host
 * of a URL or a Host header. It does not find other hosts whose names spans write with capital letters.
 *
 * @param namedBy at least one
 */
export function peerCondition(namedBy: PeerName[]): string {
  return anyOf(namedBy.map(peerNameCondition))
}

const portAttributes = ['server.port', 'net.peer.port', 'network.peer.port']

function peerNameCondition({ attribute, name, port }: PeerName): string {
  const condition = attributeCondition(name, attribute)
  if (port === undefined) return condition
  const ports = portAttributes.map((key) => hasValue(attributeTerm('span', key), port))
  return `(${condition} && (${ports.join(' || ')}))`
}

function attributeCondition(name: string, attribute: PeerName['attribute']): string {
  const term = attributeTerm('span', attribute)
  const host = `([^@/?#]*@)?\\[?${patternOf(name)}\\]?(:[0-9]*)?`
  switch (attribute) {
    case 'url.full':
    case 'http.url':
      return matchesPattern(term, `(?i)[^/]*://${host}([/?#].*)?`)
    case 'http.host':
      return matchesPattern(term, `(?i)${host}`)
    case 'messaging.destination.name':
    case 'messaging.destination':
      return name === temporaryTitle ? isTemporary : hasValue(term, name)
    default:
      return hasValue(term, name)
  }
}

const isTemporary =
  '(span.messaging.destination.temporary = true || span.messaging.destination.anonymous = true)'
