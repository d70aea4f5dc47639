import { readFileSync } from 'node:fs'
import type { TestSpan } from './test-spans.ts'

export interface Link {
  parent: string
  child: string
  callCount: number
  errorCount: number
}

export interface CaseSpan {
  traceId: string
  id: string
  parentId?: string
  kind?: 'CLIENT' | 'SERVER' | 'PRODUCER' | 'CONSUMER'
  localServiceName?: string
  remoteServiceName?: string
  error?: boolean
  shared?: boolean
  timestamp?: number
  duration?: number
  localIp?: string
}

export interface ServiceCase {
  name: string
  why: string
  spans: CaseSpan[]
  expected: Link[]
  /** Links to be summed, in place of spans. */
  links?: Link[]
  putTraceTimes?: number
  window?: { endTsOffsetMs: number; lookbackMs: number }
  storageOnly?: boolean
}

export const serviceCases = JSON.parse(
  readFileSync(new URL('../../cases/service-links.json', import.meta.url), 'utf8'),
) as ServiceCase[]

/** How spans that share an id are sent: as they are, or as Tempo keeps them, the server with an id of its own. */
export type Encoding = 'shared ids' | 'own ids'

/** Spans of a case, those of one trace after the other, as the linked calls themselves where a case has only links. */
export function spansOf({ spans, links }: ServiceCase, encoding: Encoding): CaseSpan[] {
  if (links) return spansOfLinks(links)
  return encoding === 'shared ids' ? spans : withOwnIds(spans)
}

function spansOfLinks(links: Link[]): CaseSpan[] {
  let traces = 0
  return links.flatMap(({ parent, child, callCount, errorCount }) =>
    Array.from({ length: callCount }, (_, call): CaseSpan[] => {
      const traceId = (++traces).toString(16)
      return [
        { traceId, id: '1', kind: 'CLIENT', localServiceName: parent },
        {
          traceId,
          id: '2',
          parentId: '1',
          kind: 'SERVER',
          localServiceName: child,
          error: call < errorCount,
        },
      ]
    }).flat(),
  )
}

/** A server that shares its client's id gets one of its own, and what it called goes below it. */
function withOwnIds(spans: CaseSpan[]): CaseSpan[] {
  const isSender = ({ kind }: CaseSpan) => kind === 'CLIENT' || kind === 'PRODUCER'
  const trace = ({ traceId }: CaseSpan) => traceId.slice(-16)
  const sharing = spans.filter(
    (span) =>
      (span.kind === 'SERVER' || span.kind === 'CONSUMER') &&
      spans.some((other) => isSender(other) && other.id === span.id && trace(other) === trace(span)),
  )
  const ownId = (span: CaseSpan) => `f${span.id}${sharing.indexOf(span)}`
  return spans.map((span) => {
    if (sharing.includes(span)) return { ...span, id: ownId(span), parentId: span.id }
    const server = sharing.find(
      (other) =>
        other.id === span.parentId &&
        other.localServiceName === span.localServiceName &&
        trace(other) === trace(span),
    )
    return server ? { ...span, parentId: ownId(server) } : span
  })
}

/** The spans of a case as kernel tests write them, by trace. */
export function tracesOf(spans: CaseSpan[]): TestSpan[][] {
  const traces = new Map<string, TestSpan[]>()
  for (const span of spans) {
    const trace = traces.get(span.traceId) ?? []
    traces.set(span.traceId, trace)
    trace.push({
      id: Number.parseInt(span.id, 16),
      parent: span.parentId === undefined ? undefined : Number.parseInt(span.parentId, 16),
      service: span.localServiceName,
      name: '',
      kind: kindOf(span),
      status: span.error ? 'error' : 'unset',
      startMs: (span.timestamp ?? 0) / 1000,
      durationMs: (span.duration ?? 0) / 1000,
      peer: span.remoteServiceName === undefined ? undefined : { 'peer.service': span.remoteServiceName },
      instance: span.localIp,
    })
  }
  return [...traces.values()]
}

const kindOf = ({ kind }: CaseSpan) => (kind?.toLowerCase() ?? 'unspecified') as TestSpan['kind']

interface Node {
  title: string
  selfCalls: number
}

interface Calls<End> {
  source: End
  target: End
  count: number
  failed: number
}

/** Calls between the nodes of a graph by their titles, sorted; calls of a service by itself are links as well. */
export function linksOf({ nodes, edges }: { nodes: Node[]; edges: Calls<number>[] }): Link[] {
  return links(nodes, edges, (index) => nodes[index])
}

/** The same of a graph as the API answers it. */
export function linksOfRows(graph: { nodes: (Node & { id: string })[]; edges: Calls<string>[] }): Link[] {
  return links(graph.nodes, graph.edges, (id) => graph.nodes.find((node) => node.id === id))
}

function links<End>(nodes: Node[], edges: Calls<End>[], nodeAt: (end: End) => Node | undefined): Link[] {
  const links = edges.map(({ source, target, count, failed }) => ({
    parent: nodeAt(source)?.title ?? '',
    child: nodeAt(target)?.title ?? '',
    callCount: count,
    errorCount: failed,
  }))
  for (const { title, selfCalls } of nodes) {
    if (selfCalls > 0) links.push({ parent: title, child: title, callCount: selfCalls, errorCount: 0 })
  }
  return sorted(links)
}

export const sorted = (links: Link[]) =>
  [...links].sort((a, b) => `${a.parent} ${a.child}`.localeCompare(`${b.parent} ${b.child}`))
