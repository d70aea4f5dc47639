import type { Explanation } from '../../model/explanation.ts'
import { h } from '../elements/element.ts'
import { duration, grouped } from '../elements/format.ts'
import { type Api, RequestError } from '../session/api.ts'
import { type TraceContext, traceId } from './traces.ts'

type SpanExample = Explanation['calls']['examples'][number]

export interface ExplainRequest {
  api: Api
  graph: string
  /** Ids of nodes. */
  source: string
  target: string
  context: TraceContext
}

/** Fills an element with why there is an edge between two nodes, or none. */
export async function explainInto(element: HTMLElement, request: ExplainRequest): Promise<void> {
  const { api, graph, source, target, context } = request
  element.replaceChildren(h('p', { class: 'muted', role: 'status' }, 'Reading the window once more …'))
  element.setAttribute('aria-busy', 'true')
  try {
    const query = new URLSearchParams({ source, target })
    const explanation = await api.get<Explanation>(`/graphs/${graph}/explain?${query}`)
    element.replaceChildren(...explanationParts(explanation, context))
  } catch (error) {
    const message = error instanceof RequestError ? error.message : String(error)
    element.replaceChildren(h('p', { class: 'problem', role: 'alert' }, message))
  } finally {
    element.removeAttribute('aria-busy')
  }
}

function explanationParts(
  { verdict, calls, nearMisses, traces, warnings }: Explanation,
  context: TraceContext,
) {
  const seen = `Of ${grouped(traces.read)} traces ${grouped(traces.withSource)} have the caller, ${grouped(traces.withTarget)} the callee, ${grouped(traces.withBoth)} both.`
  return [
    h('p', { class: 'verdict', role: 'status' }, verdict),
    h('p', { class: 'muted' }, seen),
    ...warnings.map((warning) => h('p', { class: 'warn' }, warning)),
    ...(calls.examples.length === 0
      ? []
      : [spanList('Spans that tell of it', calls.examples, context, true)]),
    ...nearMisses.map(({ rule, count, meaning, examples }) => {
      const list = spanList(`${rule}: ${grouped(count)}`, examples, context, false)
      list.querySelector('summary')?.after(h('p', { class: 'muted' }, meaning))
      return list
    }),
  ]
}

function spanList(
  title: string,
  spans: readonly SpanExample[],
  context: TraceContext,
  open: boolean,
): HTMLElement {
  const items = spans
    .slice(0, 8)
    .map(({ traceId: id, service, name, kind, durationMs }) =>
      h(
        'li',
        {},
        h('bdi', {}, `${service} · ${name}`),
        h('span', { class: 'muted' }, ` ${kind}, ${duration(durationMs)}`),
        traceId(id, context),
      ),
    )
  return h('details', { class: 'spans', open }, h('summary', {}, title), h('ul', {}, ...items))
}
