import { attributeTerm, matchesPattern } from '../../model/traceql-terms.ts'
import { serviceAttributes } from '../otlp/peer-reader.ts'
import type { SpanProjection } from '../otlp/span-decoder.ts'
import { summaryAttributes } from '../otlp/weight-reader.ts'
import { type Attribute, selectsAll, type TagSelector } from '../tag-selector.ts'
import { earlierLinks } from '../trace-source.ts'

/**
 * How spans are spread over spansets. A spanset is cut at 100 spans by default, so the expression decides how
 * many spans of a trace one answer can hold. By service is cheapest for Tempo and says the service once per
 * set; by duration spreads the spans of one service over 97 sets (a prime, since clocks tick in ms or µs).
 */
export type Spread = 'service' | 'duration'

/** Which traces a search is for. */
export interface TraceMatch {
  /** TraceQL that matches the spans which select a trace; `{ }` for every trace. */
  spanset: string
  /**
   * Whether fragments of a trace without a match stay out of the answer: Tempo evaluates a query on each
   * fragment by itself.
   */
  filtered: boolean
}

/** Names in answers carry no scope, so an attribute of these names could not be told from the span's own. */
const reservedKeys = ['kind', 'status', 'name', 'span:parentID', 'duration', 'traceDuration']

/**
 * @param peers whether the attributes of peers are read as well
 * @returns why the tag cannot be read from search answers, or undefined
 */
export function tagProblem({ scope, key }: Attribute, peers: boolean): string | undefined {
  const isTaken =
    reservedKeys.includes(key) ||
    (scope === 'span' && key === 'service.name') ||
    (peers && scope === 'resource' && serviceAttributes.includes(key))
  return isTaken ? tagTaken(scope, key) : undefined
}

/** @returns why the attribute cannot be read from search answers beside the tag, or undefined */
export function samplingProblem(sampling: Attribute, tag: TagSelector, peers: boolean): string | undefined {
  const isOtherScope = sampling.key === tag.key && sampling.scope !== tag.scope
  return isOtherScope ? tagTaken(sampling.scope, sampling.key) : tagProblem(sampling, peers)
}

const tagTaken = (scope: string, key: string) =>
  `must not be ${scope === 'any' ? '' : `${scope}.`}${key}: Tempo's search answers cannot tell it from another field`

/** @param query a TraceQL spanset filter; braces may be left out */
export function traceMatch(selector: TagSelector, query?: string): TraceMatch {
  const own = selectsAll(selector) ? undefined : tagCondition(selector)
  const more = query?.trim() ? `(${braced(query.trim())})` : undefined
  const spanset = own && more ? `(${own} && ${more})` : (own ?? more ?? '{ }')
  return { spanset, filtered: spanset !== '{ }' }
}

/** @returns why a query is no spanset filter, or undefined; what else is wrong with it Tempo says */
export function queryProblem(query: string): string | undefined {
  const bare = query.replace(/"(?:[^"\\]|\\.)*"|`[^`]*`/gs, '').replace(/\{[^{}]*\}/g, '{}')
  if (!/(?<!\|)\|(?!\|)/.test(bare)) return undefined
  return 'must be a TraceQL spanset filter, such as { status = error }, without a pipeline (|)'
}

/** What is read of each span besides its name, kind and status; of its links the last. */
export interface SpanDetails extends SpanProjection {
  selector: TagSelector
}

/** Arrays cost Tempo the most, and the rollups besides them tell nearly as much. */
const selectedOfSummaries = summaryAttributes.filter((key) => !key.includes('histogram'))

/**
 * Whether a span is a summary, whatever it says of that: a 1 is taken for true (`WeightReader`), and costs as little to
 * find.
 */
export const summaryQuery = '{ span.aggregation.is_summary != nil }'

/**
 * All spans of the matching traces. `by` stands before `select`, which would hide fields from it.
 *
 * @param summaries whether some may be summaries of pruned spans: their fields cost Tempo a tenth of its time where it reads no other attributes
 */
export function bulkQuery(
  match: TraceMatch,
  { selector, peers, sampling }: SpanDetails,
  spread: Spread,
  summaries = true,
): string {
  const spanset = match.filtered ? `(${match.spanset} && { })` : match.spanset
  // by(trace:duration) differs between the fragments of a trace, so that none hides another.
  const by = `by(trace:duration) | by(${spread === 'service' ? 'resource.service.name' : 'span:duration % 97'})`
  const fields = ['span:parentID', 'span:name', 'span:kind', 'span:status']
  if (spread === 'duration') fields.push('resource.service.name')
  if (!isService(selector)) fields.push(attribute(selector))
  if (sampling && !fields.includes(attribute(sampling))) fields.push(attribute(sampling))
  if (summaries) fields.push(...selectedOfSummaries.map((key) => `span.${key}`))
  if (peers) fields.push(...serviceAttributes.map((key) => `span.${key}`), linkTraceId, linkSpanId)
  return `${spanset} | ${by} | select(${fields.join(', ')})`
}

/** What a search does not tell of spans that trace by id does, in plain words. */
export function unavailableAttributes({ peers }: SpanDetails): string[] {
  const words = ['sampling thresholds in tracestate', 'histograms of pruned spans']
  return peers ? [...words, earlierLinks] : words
}

/** As TraceQL and the answers call them. */
export const linkTraceId = 'link:traceID'
export const linkSpanId = 'link:spanID'

/** Matches traces by id; ids are 32 hex digits. */
export function idsMatch(traceIds: string[]): TraceMatch {
  return { spanset: `{ ${traceIds.map((id) => `trace:id = "${id}"`).join(' || ')} }`, filtered: false }
}

/** Every trace with its fragments; with one span each, what counts is the number that matched. */
export const countQuery = '{ } | by(trace:duration)'

/** Whether the tag is the service name itself, which every answer holds anyway. */
export function isService(selector: TagSelector): boolean {
  return selector.key === 'service.name' && selector.scope === 'resource'
}

function tagCondition(selector: TagSelector): string {
  if (selector.pattern === null) return `{ ${attribute(selector)} != nil }`
  // TraceQL anchors patterns at both ends, and its dot matches newlines.
  return `{ ${matchesPattern(attribute(selector), `.*(?:${selector.pattern}).*`)} }`
}

const attribute = ({ scope, key }: Attribute) => attributeTerm(scope, key)

function braced(query: string): string {
  return /^[{(]/.test(query) ? query : `{ ${query} }`
}
