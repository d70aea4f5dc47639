import type { ClockOffset } from '../../model/clock-offset.ts'
import type { GraphDocument } from '../../model/graph-document.ts'
import type { Finding, GraphReport } from '../../model/graph-report.ts'
import type { AggregationSummary } from '../../model/summary.ts'

type ExampleKind = keyof NonNullable<GraphDocument['traceExamples']>

interface Kind extends Pick<Finding, 'kind' | 'unit' | 'meaning' | 'effect'> {
  /** Null: some, but the number is unknown. */
  count(summary: AggregationSummary, offsets: ClockOffset[]): number | null
  /** The verdict on such findings, after their number and unit; absent if the graph lacks nothing because of them. */
  problem?: string
  /** The texts for a graph with countBy span, if they differ. */
  bySpan?: Pick<Finding, 'meaning' | 'effect'>
  examples?: ExampleKind
}

const kinds: Kind[] = [
  {
    kind: 'traces',
    unit: 'traces',
    count: ({ read }) => read.traces,
    meaning: 'Traces whose earliest span starts in the window.',
    effect: 'Counted whole, with their spans outside the window.',
    bySpan: {
      meaning: 'Traces with a span that starts in the window.',
      effect: 'Their spans that start in the window are counted.',
    },
  },
  {
    kind: 'spans',
    unit: 'spans',
    count: ({ read }) => read.spans,
    meaning: 'Spans of these traces, as received.',
    effect: 'Each span counts on a node, unless it is a duplicate or has no service.',
  },
  {
    kind: 'outsideWindow',
    unit: 'traces',
    count: ({ read }) => read.outsideWindow,
    meaning: 'Traces that reach into the window but start outside it.',
    effect: 'Left out: a trace belongs to the window in which its earliest span starts.',
    bySpan: {
      meaning: 'Traces that reach into the window without a span that starts in it.',
      effect: 'Left out: a span belongs to the window in which it starts.',
    },
  },
  {
    kind: 'beganEarlier',
    unit: 'spans',
    count: ({ read }) => read.spansLeftOut ?? 0,
    problem: 'of traces that began before the window',
    examples: 'beganEarlier',
    meaning: 'Spans that start in the window, in a trace that began before it.',
    effect: 'Not counted: a trace belongs to the window in which its earliest span starts.',
  },
  {
    kind: 'untimedTraces',
    unit: 'traces',
    count: ({ read }) => read.untimedTraces ?? 0,
    problem: 'without a possible start time',
    examples: 'untimedTraces',
    meaning: 'Traces without any possible start time: their spans start at 0, before 1971 or after 2099.',
    effect: 'Not counted: they belong to no window.',
  },
  {
    kind: 'truncated',
    unit: 'traces',
    count: ({ read }) => (read.truncated ? null : 0),
    problem: 'not read',
    meaning:
      'Traces of the window that were not read: a limit was reached, or the source no longer has them.',
    effect: 'Not in the graph: all counts are too low. The warnings name the part of the window.',
  },
  {
    kind: 'suspects',
    unit: 'traces',
    count: ({ read }) => read.suspects,
    meaning: 'Traces that looked incomplete and were looked up again.',
    effect: 'None: such a trace was repaired, is incomplete, or was complete after all.',
  },
  {
    kind: 'repaired',
    unit: 'traces',
    count: ({ read }) => read.repaired,
    meaning: 'Suspects for which more spans were found.',
    effect: 'Counted with all spans that were found.',
  },
  {
    kind: 'incomplete',
    unit: 'traces',
    count: ({ read }) => read.incomplete,
    problem: 'incomplete',
    examples: 'incomplete',
    meaning: 'Traces that lack spans which could not be read.',
    effect: 'Counted without the missing spans: calls are missing, and callees may be orphans.',
  },
  {
    kind: 'orphans',
    unit: 'spans',
    count: ({ spans }) => spans.orphans,
    problem: 'with a missing parent',
    examples: 'orphans',
    meaning: 'Spans with a parent that never arrived: not sampled, not sent, lost, or sent elsewhere.',
    effect: 'Counted on their node. No edge shows the call, because the caller is unknown.',
  },
  {
    kind: 'duplicates',
    unit: 'spans',
    count: ({ spans }) => spans.duplicates,
    examples: 'duplicates',
    meaning: 'Spans that repeat another span of the trace: same span id, and the same kind or none.',
    effect: 'A span counts once, with the facts of all its pieces.',
  },
  {
    kind: 'spansOutsideWindow',
    unit: 'spans',
    count: ({ spans }) => spans.outsideWindow ?? 0,
    meaning: 'With countBy span: spans of the traces that start outside the window.',
    effect: 'Not counted. They say who called the spans in the window.',
  },
  {
    kind: 'withoutService',
    unit: 'spans',
    count: ({ spans }) => spans.withoutService,
    problem: 'without service.name',
    examples: 'withoutService',
    meaning: 'Spans without the resource attribute service.name.',
    effect: 'Not on any node. Their children count as called by the nearest span above that has a service.',
  },
  {
    kind: 'excluded',
    unit: 'spans',
    count: ({ spans }) => spans.excluded ?? 0,
    meaning: 'Spans that a pattern of exclude matches by their service or name, and all spans below them.',
    effect: 'Not in the graph, as requested.',
  },
  {
    kind: 'transparent',
    unit: 'spans',
    count: ({ spans }) => spans.transparent ?? 0,
    meaning: 'Spans of services that a pattern of transparent matches, such as proxies.',
    effect:
      'Not on any node. Calls through them count from the caller to the callee, and detail__via names them.',
  },
  {
    kind: 'cycles',
    unit: 'spans',
    count: ({ spans }) => spans.cycles,
    problem: 'in cycles',
    examples: 'cycles',
    meaning: 'Spans that are their own ancestor: span ids were used twice, or parents are wrong.',
    effect: 'Counted on their node. The cycle is cut, and no edge shows the call at the cut.',
  },
  {
    kind: 'skewed',
    unit: 'spans',
    count: ({ spans }) => spans.skewed,
    problem: 'with an end before the start',
    examples: 'skewed',
    meaning: 'Spans that end before they start: a clock was set back.',
    effect: 'Counted with a duration of 0, which lowers means and percentiles.',
  },
  {
    kind: 'untimed',
    unit: 'spans',
    count: ({ spans }) => spans.untimed ?? 0,
    problem: 'with an impossible start time',
    examples: 'untimed',
    meaning: 'Spans with an impossible start time: 0, before 1971 or after 2099.',
    effect: 'Counted from the start of the span above, or of the trace. Their duration may be wrong.',
  },
  {
    kind: 'clockOffsets',
    unit: 'calls',
    count: (_summary, offsets) => offsets.reduce((sum, { early }) => sum + early, 0),
    meaning:
      'Calls in which the server starts before its client: the clocks of two services differ. Found at the service level only.',
    effect: 'Counts and durations stay right. The critical path has only the time within the client.',
  },
  {
    kind: 'unnamedPeers',
    unit: 'spans',
    count: ({ spans }) => spans.unnamedPeers ?? 0,
    problem: 'of clients that name no peer',
    meaning: 'Clients that name no peer and that no span answered; found at the service level only.',
    effect: 'Counted on their service. No edge shows the call.',
  },
  {
    kind: 'doubled',
    unit: 'spans',
    count: ({ spans }) => spans.doubled ?? 0,
    meaning:
      'Server spans for a request that another server span recorded as well, such as those of an eBPF agent.',
    effect: 'The longer span is the request. The other one counts as work of the service.',
  },
  {
    kind: 'unresolvedLinks',
    unit: 'messages',
    count: ({ spans }) => spans.unresolvedLinks ?? 0,
    problem: 'linked to a producer that was not read',
    meaning: 'Messages linked to a producer that was not read; found at the service level only.',
    effect: 'Counted on the consumer. No edge shows the message.',
  },
]

/** Returns the findings of a build: their meaning, their effect on the graph, and examples of traces. */
export function reportOf({
  name,
  builtAt,
  summary,
  traceExamples = {},
  clockOffsets = [],
}: GraphDocument): GraphReport {
  const { status, window, source, traceql, warnings } = summary
  const findings = kinds.map(({ count, problem, examples, bySpan, ...kind }): Finding => {
    const found = count(summary, clockOffsets)
    return {
      ...kind,
      ...(summary.parameters.countBy === 'span' ? bySpan : {}),
      count: found,
      severity: problem !== undefined && found !== 0 ? 'warning' : 'info',
      examples: (examples && traceExamples[examples]) ?? [],
      ...(kind.kind === 'clockOffsets' ? offsetFields(clockOffsets) : {}),
    }
  })
  const verdict = verdictOn(summary, findings)
  const { unavailable } = summary.read
  return { graph: name, builtAt, status, window, source, traceql, verdict, unavailable, findings, warnings }
}

function offsetFields(offsets: ClockOffset[]): Pick<Finding, 'examples' | 'offsets'> {
  const traceIds = offsets.flatMap(({ traceId }) => (traceId === null ? [] : [traceId]))
  return { examples: [...new Set(traceIds)], offsets }
}

const problemOf = new Map(kinds.map(({ kind, problem }) => [kind, problem]))

function verdictOn({ status, read }: AggregationSummary, findings: Finding[]): string {
  if (status === 'empty') return 'The window was searched completely and has no matching traces.'
  const whole = read.truncated ? 'Traces of the window are missing' : 'All traces of the window were read'
  const found = findings.filter(({ severity }) => severity === 'warning')
  if (found.length === 0) return `${whole}, and no problems were found.`
  const words = found.map(
    ({ kind, count, unit }) =>
      `${count ?? 'some'} ${count === 1 ? unit.slice(0, -1) : unit} ${problemOf.get(kind)}`,
  )
  return `${whole}. Problems: ${words.join(', ')}.`
}
