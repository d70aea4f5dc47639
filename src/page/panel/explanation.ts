import type { Explanation } from '../../model/explanation.ts'
import { h } from '../elements/element.ts'
import { duration, grouped } from '../elements/format.ts'
import { type Api, RequestError } from '../session/api.ts'
import type { TraceContext } from './details-context.ts'
import { traceLink } from './traces.ts'

type SpanExample = Explanation['calls']['examples'][number]

export interface ExplainRequest {
  api: Api
  graph: string
  /** Id of the calling node. */
  source: string
  /** Id of the called node. */
  target: string
  context: TraceContext
}

/** Fills an element with the reason why an edge between two nodes exists or is missing. */
export async function showExplanation(element: HTMLElement, request: ExplainRequest): Promise<void> {
  const { api, graph, source, target, context } = request
  element.replaceChildren(h('p', { class: 'muted', role: 'status' }, 'Reading the traces again …'))
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
  const counts = `Of ${grouped(traces.read)} traces, ${grouped(traces.withSource)} contain the caller, ${grouped(traces.withTarget)} the callee, ${grouped(traces.withBoth)} both.`
  return [
    h('p', { class: 'verdict', role: 'status' }, verdict),
    h('p', { class: 'muted' }, counts),
    ...warnings.map((warning) => h('p', { class: 'warn' }, warning)),
    ...(calls.examples.length === 0
      ? []
      : [spanList('Spans that show the call', calls.examples, context, true)]),
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
        traceLink(id, context),
      ),
    )
  return h('details', { class: 'spans', open }, h('summary', {}, title), h('ul', {}, ...items))
}
