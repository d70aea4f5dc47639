import type { GraphDocument } from '../../model/graph-document.ts'
import type { Finding, GraphReport } from '../../model/graph-report.ts'
import type { AggregationSummary } from '../../model/summary.ts'

type ExampleKind = keyof NonNullable<GraphDocument['traceExamples']>

interface Kind extends Pick<Finding, 'kind' | 'unit' | 'meaning' | 'effect'> {
  /** Null: some. */
  count(summary: AggregationSummary): number | null
  /** Whether the graph shows less where some are found. */
  takesAway?: boolean
  examples?: ExampleKind
}

const kinds: Kind[] = [
  {
    kind: 'traces',
    unit: 'traces',
    count: ({ read }) => read.traces,
    meaning: 'Read, and earliest span inside the window.',
    effect: 'Counted whole, with the spans that lie outside the window.',
  },
  {
    kind: 'spans',
    unit: 'spans',
    count: ({ read }) => read.spans,
    meaning: 'Spans of these traces, as received.',
    effect: 'Each counts on a node or is a duplicate or withoutService.',
  },
  {
    kind: 'outsideWindow',
    unit: 'traces',
    count: ({ read }) => read.outsideWindow,
    meaning: 'Reach into the window and begin outside it.',
    effect: 'Left out: a trace belongs to the window in which its earliest span starts.',
  },
  {
    kind: 'truncated',
    unit: 'traces',
    count: ({ read }) => (read.truncated ? null : 0),
    takesAway: true,
    meaning:
      'Exist in the window and were not read: the limit was reached, or the source no longer has them.',
    effect: 'Not in the graph: all counts are too low. The warnings say which part of the window it is.',
  },
  {
    kind: 'suspects',
    unit: 'traces',
    count: ({ read }) => read.suspects,
    meaning: 'Looked incomplete as found, and were looked up again.',
    effect: 'None by itself: they are repaired, incomplete, or were whole after all.',
  },
  {
    kind: 'repaired',
    unit: 'traces',
    count: ({ read }) => read.repaired,
    meaning: 'Suspects of which more spans were found.',
    effect: 'Counted with all spans that were found.',
  },
  {
    kind: 'incomplete',
    unit: 'traces',
    count: ({ read }) => read.incomplete,
    takesAway: true,
    examples: 'incomplete',
    meaning: 'Known to lack spans that could not be had.',
    effect: 'Counted as far as they are known: calls are missing, and callees may be orphans.',
  },
  {
    kind: 'orphans',
    unit: 'spans',
    count: ({ spans }) => spans.orphans,
    takesAway: true,
    examples: 'orphans',
    meaning: 'Name a parent that never arrived: not sampled, not sent, lost, or sent elsewhere.',
    effect: 'Count on their node; no edge leads to them, because nobody knows who called.',
  },
  {
    kind: 'duplicates',
    unit: 'spans',
    count: ({ spans }) => spans.duplicates,
    examples: 'duplicates',
    meaning: 'Repeat another span of the trace: same span id and kind.',
    effect: 'Skipped: a span that is sent twice counts once.',
  },
  {
    kind: 'withoutService',
    unit: 'spans',
    count: ({ spans }) => spans.withoutService,
    takesAway: true,
    examples: 'withoutService',
    meaning: 'Come without the resource attribute service.name.',
    effect: 'On no node; calls go through them, from the nearest span above that has a service.',
  },
  {
    kind: 'cycles',
    unit: 'spans',
    count: ({ spans }) => spans.cycles,
    takesAway: true,
    examples: 'cycles',
    meaning: 'Are among their own ancestors: span ids were used twice, or parents set wrongly.',
    effect: 'Count on their node; the loop is cut, and no edge leads to where it was cut.',
  },
  {
    kind: 'skewed',
    unit: 'spans',
    count: ({ spans }) => spans.skewed,
    takesAway: true,
    examples: 'skewed',
    meaning: 'End before they start: a clock was set back.',
    effect: 'Count with a duration of 0, which pulls means and percentiles down.',
  },
  {
    kind: 'unresolvedLinks',
    unit: 'messages',
    count: ({ spans }) => spans.unresolvedLinks ?? 0,
    takesAway: true,
    meaning: 'Were received, and linked to a producer that was not read; seen at the service level only.',
    effect: 'Count on the consumer; no edge leads to them.',
  },
]

/** What the build of a graph found, with what it means and which traces to look at. */
export function reportOf({ name, builtAt, summary, traceExamples = {} }: GraphDocument): GraphReport {
  const { status, window, source, traceql, warnings } = summary
  const findings = kinds.map(({ count, takesAway, examples, ...kind }): Finding => {
    const found = count(summary)
    return {
      ...kind,
      count: found,
      severity: takesAway && found !== 0 ? 'warning' : 'info',
      examples: (examples && traceExamples[examples]) ?? [],
    }
  })
  const verdict = verdictOn(summary, findings)
  const { unavailable } = summary.read
  return { graph: name, builtAt, status, window, source, traceql, verdict, unavailable, findings, warnings }
}

function verdictOn({ status, read }: AggregationSummary, findings: Finding[]): string {
  if (status === 'empty') return 'The window was searched completely, and holds no trace of this kind.'
  const whole = read.truncated ? 'Traces of the window are missing' : 'All traces of the window were read'
  const found = findings.filter(({ severity }) => severity === 'warning')
  if (found.length === 0) return `${whole}, and every span has its place in the graph.`
  const words = found.map(
    ({ kind, count, unit }) =>
      `${count ?? 'some'} ${count === 1 ? unit.slice(0, -1) : unit} ${wordOf[kind] ?? kind}`,
  )
  return `${whole}. To look at: ${words.join(', ')}.`
}

const wordOf: Record<string, string> = {
  truncated: 'not read',
  incomplete: 'incomplete',
  orphans: 'orphaned',
  withoutService: 'without service.name',
  cycles: 'in cycles',
  skewed: 'with clocks that ran backwards',
  unresolvedLinks: 'linked to nowhere',
}
