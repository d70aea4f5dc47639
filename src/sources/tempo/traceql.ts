import type { FieldError } from '../../base/errors.ts'
import { attributesOfRules } from '../../model/failure-rules.ts'
import { serviceNameAttribute } from '../../model/identity.ts'
import { attributeTerm, matchesPattern } from '../../model/traceql-terms.ts'
import { serviceLevelAttributes } from '../otlp/peer-attributes.ts'
import { identityAttributes } from '../otlp/service-identity.ts'
import type { SpanProjection } from '../otlp/span-projection.ts'
import { summaryAttributes } from '../otlp/weight-attributes.ts'
import { type Attribute, selectsAll, type TagSelector } from '../tag-selector.ts'
import { earlierLinks } from '../trace-source.ts'

/**
 * How spans are spread over spansets. Tempo cuts a spanset at 100 spans by default, so this decides how many spans of a
 * trace one answer can hold.
 *
 * `service` is cheapest for Tempo, and names the service once per spanset. `duration` spreads the spans of one service
 * over 97 spansets. 97 is a prime, since clocks tick in ms or µs.
 */
export type Spread = 'service' | 'duration'

/** The traces that a search finds. */
export interface TraceMatch {
  /** TraceQL that matches the spans that select a trace; `{ }` for every trace. */
  spanset: string
  /** Whether the answer leaves out fragments without a match. Tempo evaluates a query on each fragment separately. */
  filtered: boolean
}

/** Names of span fields. Names in answers have no scope, so attributes with these names are ambiguous. */
const reservedKeys = ['kind', 'status', 'name', 'span:parentID', 'duration', 'traceDuration']

/**
 * @param peers whether the attributes of peers are read as well
 * @returns why the tag cannot be read from search answers, or undefined
 */
export function tagProblem({ scope, key }: Attribute, peers: boolean): string | undefined {
  const isTaken =
    reservedKeys.includes(key) ||
    (scope === 'span' && key === 'service.name') ||
    (peers && scope === 'resource' && serviceLevelAttributes.includes(key))
  return isTaken ? tagTaken(scope, key) : undefined
}

/**
 * @param others attributes that are read as well
 * @returns why the attribute cannot be read from search answers, or undefined
 */
function attributeProblem(
  attribute: Attribute,
  others: readonly Attribute[],
  peers: boolean,
): string | undefined {
  const { scope, key } = attribute
  const isOtherScope = others.some((other) => other.key === key && other.scope !== scope)
  return isOtherScope ? tagTaken(scope, key) : tagProblem(attribute, peers)
}

/** @returns the parameter whose attribute cannot be read from search answers, and why; undefined if all can */
export function selectionProblem({
  selector,
  identity,
  group,
  sampling,
  peers = false,
}: SpanSelection): FieldError | undefined {
  const read: Attribute[] = []
  const asked: [field: string, attribute: Attribute | undefined][] = [
    ['tag', selector],
    ...identityAttributes(identity).map((key): [string, Attribute] => [
      'identity',
      { scope: 'resource', key },
    ]),
    ['groupBy', group],
    ['samplingAttribute', sampling],
  ]
  for (const [field, attribute] of asked) {
    const message = attribute && attributeProblem(attribute, read, peers)
    if (message) return { field, value: attribute.key, message }
    if (attribute) read.push(attribute)
  }
  return undefined
}

const tagTaken = (scope: string, key: string) =>
  `must not be ${scope === 'any' ? '' : `${scope}.`}${key}: Tempo's search answers name another field the same`

/** @param filter a spanset of `spansetFilter`, joined with the selector's */
export function traceMatch(selector: TagSelector, filter?: string): TraceMatch {
  const own = selectsAll(selector) ? undefined : tagCondition(selector)
  const more = filter === undefined ? undefined : `(${filter})`
  const spanset = own && more ? `(${own} && ${more})` : (own ?? more ?? '{ }')
  return { spanset, filtered: spanset !== '{ }' }
}

/** The attributes that are read of each span, in addition to its fields. Of its links only the last is read. */
export interface SpanSelection extends SpanProjection {
  selector: TagSelector
}

/** Without the histograms: arrays cost Tempo the most, and the totals say nearly as much. */
const selectedSummaryAttributes = summaryAttributes.filter((key) => !key.includes('histogram'))

/** Matches every span with the attribute that marks summaries, since `WeightAttributeReader` also accepts a 1 for true. */
export const summaryQuery = '{ span.aggregation.is_summary != nil }'

/**
 * Returns the TraceQL of the bulk search: all spans of the matching traces. `by` precedes `select`, which would hide
 * fields from it.
 *
 * @param summaries whether some spans may be summaries of pruned spans. Their fields cost a Tempo that reads no other
 *   attributes a tenth of its time.
 */
export function bulkQuery(
  match: TraceMatch,
  { selector, identity, group, peers, clients = false, sampling, failures = [] }: SpanSelection,
  spread: Spread,
  summaries = true,
): string {
  const spanset = match.filtered ? `(${match.spanset} && { })` : match.spanset
  // trace:duration differs between the fragments of a trace, so that no fragment hides another.
  const ofResource = [serviceNameAttribute, ...identityAttributes(identity)]
  if (group?.scope === 'resource' && !ofResource.includes(group.key)) ofResource.push(group.key)
  const terms = ofResource.map((key) => attributeTerm('resource', key))
  const groups = spread === 'service' ? terms : ['span:duration % 97']
  const by = ['trace:duration', ...groups].map((expression) => `by(${expression})`).join(' | ')
  const fields = ['span:parentID', 'span:name', 'span:kind', 'span:status']
  if (spread === 'duration') fields.push(...terms)
  if (!isService(selector) && !fields.includes(attribute(selector))) fields.push(attribute(selector))
  if (group && group.scope !== 'resource' && !fields.includes(attribute(group))) fields.push(attribute(group))
  if (sampling && !fields.includes(attribute(sampling))) fields.push(attribute(sampling))
  const codes = attributesOfRules(failures).map((key) => attributeTerm('span', key))
  fields.push(...codes.filter((field) => !fields.includes(field)))
  if (summaries) fields.push(...selectedSummaryAttributes.map((key) => `span.${key}`))
  const peerKeys = serviceLevelAttributes.filter((key) => clients || key !== 'client.address')
  if (peers) fields.push(...peerKeys.map((key) => `span.${key}`), linkTraceId, linkSpanId)
  return `${spanset} | ${by} | select(${fields.join(', ')})`
}

/** The data of spans that trace by id returns and a search does not, for a person. */
export function unavailableAttributes({ peers }: SpanSelection): string[] {
  const names = ['sampling thresholds in tracestate', 'histograms of pruned spans']
  return peers ? [...names, earlierLinks] : names
}

/** Fields of links, as TraceQL and the answers name them. */
export const linkTraceId = 'link:traceID'
export const linkSpanId = 'link:spanID'

/** Matches traces by id; ids are 32 hex digits. */
export function idsMatch(traceIds: string[]): TraceMatch {
  return { spanset: `{ ${traceIds.map((id) => `trace:id = "${id}"`).join(' || ')} }`, filtered: false }
}

/** Matches every fragment of every trace; the answer holds the number of its spans. */
export const countQuery = '{ } | by(trace:duration)'

/** Whether the tag is the service name, which every answer holds. */
export function isService(selector: TagSelector): boolean {
  return selector.key === 'service.name' && selector.scope === 'resource'
}

function tagCondition(selector: TagSelector): string {
  if (selector.pattern === null) return `{ ${attribute(selector)} != nil }`
  // TraceQL anchors patterns at both ends; its dot matches newlines.
  return `{ ${matchesPattern(attribute(selector), `.*(?:${selector.pattern}).*`)} }`
}

const attribute = ({ scope, key }: Attribute) => attributeTerm(scope, key)
