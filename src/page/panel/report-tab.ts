import type { Finding, GraphReport } from '../../model/graph-report.ts'
import { h } from '../elements/element.ts'
import { grouped } from '../elements/format.ts'
import { type Api, RequestError } from '../session/api.ts'
import type { ShownGraph } from '../session/state.ts'
import { buildParametersOf, type View } from '../session/view.ts'
import type { TraceContext } from './details-context.ts'
import { traceLink } from './traces.ts'

/** Fills an element with the report of the build: findings, warnings, and data that is missing. */
export async function showReport(
  element: HTMLElement,
  api: Api,
  shown: ShownGraph,
  view: View,
  context: TraceContext,
) {
  element.replaceChildren(h('p', { class: 'muted', role: 'status' }, 'Loading the report …'))
  const query = shown.isPreview ? `?${new URLSearchParams(buildParametersOf(view))}` : ''
  try {
    const report = await api.get<GraphReport>(`/graphs/${shown.document.name}/report${query}`)
    element.replaceChildren(reportParts(report, context))
  } catch (error) {
    const message = error instanceof RequestError ? error.message : String(error)
    element.replaceChildren(h('p', { class: 'problem', role: 'alert' }, message))
  }
}

function reportParts(
  { verdict, findings, warnings, unavailable, traceql }: GraphReport,
  context: TraceContext,
): HTMLElement {
  const found = findings.filter(({ count }) => count !== 0)
  const absent = findings.filter(({ count }) => count === 0)
  return h(
    'div',
    {},
    h('p', { class: 'verdict' }, verdict),
    ...warnings.map((warning) => h('p', { class: 'warning' }, warning)),
    ...found.map((finding) => findingPart(finding, context)),
    unavailable.length > 0 &&
      h(
        'section',
        {},
        h('h3', {}, 'Information the source does not provide'),
        h('ul', {}, ...unavailable.map((text) => h('li', {}, text))),
      ),
    absent.length > 0 &&
      h(
        'p',
        { class: 'muted' },
        `No problems of these kinds: ${absent.map(({ kind }) => spaced(kind)).join(', ')}.`,
      ),
    traceql !== null &&
      h('section', {}, h('h3', {}, 'TraceQL sent to Tempo'), h('code', { class: 'block' }, traceql)),
  )
}

function findingPart(
  { kind, count, unit, severity, meaning, effect, examples, offsets = [] }: Finding,
  context: TraceContext,
): HTMLElement {
  return h(
    'section',
    { class: `finding ${severity}` },
    h(
      'h3',
      {},
      capitalized(spaced(kind)),
      h('span', { class: 'figure' }, count === null ? 'some' : grouped(count), ` ${unit}`),
    ),
    h('p', {}, meaning, ' ', h('span', { class: 'muted' }, effect)),
    offsets.length > 0 && h('ul', {}, ...offsets.map((offset) => h('li', {}, offsetText(offset)))),
    examples.length > 0 &&
      h(
        'details',
        {},
        h('summary', {}, 'Example traces'),
        ...examples.map((id) => h('p', {}, traceLink(id, context))),
      ),
  )
}

const offsetText = ({ client, server, medianMs, share }: NonNullable<Finding['offsets']>[number]) =>
  `${server} starts ${Number(medianMs.toPrecision(3))} ms before its client ${client} in ${Number((share * 100).toPrecision(3))} % of the calls`

const capitalized = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)
/** Turns outsideWindow into outside window. */
const spaced = (kind: string) => kind.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
