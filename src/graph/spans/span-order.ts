import type { SpanTable } from './span-table.ts'

/** A total order on what two spans say, by start first; 0 only where they say the same. */
export function compareSpans(spans: SpanTable, a: number, b: number): number {
  return (
    spans.startHi[a]! - spans.startHi[b]! ||
    spans.startLo[a]! - spans.startLo[b]! ||
    spans.spanIdHi[a]! - spans.spanIdHi[b]! ||
    spans.spanIdLo[a]! - spans.spanIdLo[b]! ||
    spans.kind[a]! - spans.kind[b]! ||
    spans.durationNs[b]! - spans.durationNs[a]! ||
    spans.status[b]! - spans.status[a]! ||
    spans.parentIdHi[b]! - spans.parentIdHi[a]! ||
    spans.parentIdLo[b]! - spans.parentIdLo[a]! ||
    compareTexts(spans, spans.service[a]!, spans.service[b]!) ||
    compareTexts(spans, spans.name[a]!, spans.name[b]!) ||
    compareTexts(spans, spans.tagValue[a]!, spans.tagValue[b]!) ||
    spans.skewed[a]! - spans.skewed[b]! ||
    comparePeers(spans, a, b) ||
    (spans.weights?.compare(a, b) ?? 0)
  )
}

/**
 * Order of spans that share an id: 0 where they are one span. A client and the server it calls may share an id, and
 * so may two servers that answer one client, told apart by their own addresses where these are known.
 */
export function compareIdentities(spans: SpanTable, a: number, b: number): number {
  const { peers } = spans
  const byKind = spans.kind[a]! - spans.kind[b]!
  if (byKind !== 0 || !peers) return byKind
  return compareTexts(spans, peers.instance[a]!, peers.instance[b]!)
}

function comparePeers(spans: SpanTable, a: number, b: number): number {
  const { peers } = spans
  if (!peers) return 0
  return (
    peers.role[b]! - peers.role[a]! ||
    peers.source[a]! - peers.source[b]! ||
    compareTexts(spans, peers.name[a]!, peers.name[b]!) ||
    peers.errorTag[b]! - peers.errorTag[a]! ||
    compareTexts(spans, peers.instance[a]!, peers.instance[b]!) ||
    peers.links.compare(a, b)
  )
}

/** An absent text comes last: of two versions of a span, the one that says more counts. */
function compareTexts(spans: SpanTable, a: number, b: number): number {
  if (a === b) return 0
  if (a === 0 || b === 0) return a === 0 ? 1 : -1
  return spans.strings.text(a) < spans.strings.text(b) ? -1 : 1
}
