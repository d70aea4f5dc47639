import type { Graph } from '../../graph/graph.ts'
import { earlierLinks, type ReadReport } from '../../sources/trace-source.ts'

/** Warns when a graph is not published because its source could not be read. */
export const nothingReadWarning = 'Traces exist, but the graph has none of them: the last graph is kept.'

/** Warns that a graph was not compared with the window that is `offset` earlier. */
export const notComparedWarning = (offset: string, reason: string) =>
  `Not compared with ${offset} earlier: ${reason}`

/** Warns that traces were left out because of their start. */
export function leftOutWarnings({ beganEarlier, spansLeftOut, untimedTraces }: ReadReport): string[] {
  const warnings: string[] = []
  if (beganEarlier > 0) {
    const spans = `${beganEarlier === 1 ? 'its' : 'their'} ${counted(spansLeftOut, 'span')} in the window`
    const are = spansLeftOut === 1 ? 'is' : 'are'
    warnings.push(
      `${counted(beganEarlier, 'trace')} began before the window: ${spans} ${are} not counted (count_by: span counts them).`,
    )
  }
  if (untimedTraces > 0) {
    const are = untimedTraces === 1 ? 'is' : 'are'
    warnings.push(`${counted(untimedTraces, 'trace')} without a possible start time ${are} in no window.`)
  }
  return warnings
}

/** Returns what a person should know about the spans of a graph: what they lack, and what that costs. */
export function graphWarnings(graph: Graph, { unavailable }: ReadReport): string[] {
  return [
    ...spanWarnings(graph),
    ...earlierLinkWarnings(graph, unavailable),
    ...foldingWarnings(graph),
    ...droppedMessageWarnings(graph),
  ]
}

function spanWarnings({ edges, spans, unresolvedLinks = 0 }: Graph): string[] {
  const negativeGaps = edges.reduce((sum, { sides }) => sum + sides.negativeGaps, 0)
  const reasons: [count: number, reason: string][] = [
    [spans.withoutService, 'without service.name: not on any node.'],
    [spans.orphans, 'with a parent that never arrived: no edge shows the call.'],
    [spans.cycles, 'in a cycle of parents: the cycle was cut.'],
    [spans.skewed, 'with an end before the start: counted with a duration of 0.'],
    [spans.untimed, 'with an impossible start time: counted from the start of the span above.'],
    [
      negativeGaps,
      'longer than the client span, or started before the producer ended: excluded from the mean gap.',
    ],
    [spans.badWeights, 'with an impossible sampling ratio or pruned count: counted once.'],
    [unresolvedLinks, 'linked to a producer that was not read: no edge shows the message.'],
  ]
  return reasons
    .filter(([count]) => count > 0)
    .map(([count, reason]) => `${withThousands(count)} ${count === 1 ? 'span' : 'spans'} ${reason}`)
}

/** Warns where a source returns only the last link of a span, so that producers may be missing. */
function earlierLinkWarnings({ linkedSpans = 0 }: Graph, unavailable: readonly string[]): string[] {
  if (linkedSpans === 0 || !unavailable.includes(earlierLinks)) return []
  const spans =
    linkedSpans === 1
      ? '1 span names its producers'
      : `${withThousands(linkedSpans)} spans name their producers`
  return [`${spans} by links, but a search returns only the last link: there may be more producers.`]
}

function foldingWarnings({ foldings = [] }: Graph): string[] {
  const causes = {
    operations: 'span names may contain ids, which `query.span_names: templates` replaces.',
    services: 'peer names may contain ids.',
    'tag values': 'tag values may contain ids.',
  }
  return foldings.flatMap(({ kind, folded, total, overflowCalls }) => {
    const warnings: string[] = []
    if (folded > 0) {
      const share = `${withThousands(folded)} of ${withThousands(total)} ${kind}`
      warnings.push(`${share} are drawn as \`other\` (build.max_nodes): ${causes[kind]}`)
    }
    if (overflowCalls > 0) {
      const calls = `${withThousands(overflowCalls)} ${overflowCalls === 1 ? 'call' : 'calls'}`
      warnings.push(
        `${calls} went to \`other\` during the read, because there were too many ${kind}: the choice depends on the order of reading.`,
      )
    }
    return warnings
  })
}

function droppedMessageWarnings({ droppedMessages = 0 }: Graph): string[] {
  if (droppedMessages === 0) return []
  const ends = `${withThousands(droppedMessages)} message ${droppedMessages === 1 ? 'end' : 'ends'}`
  return [`${ends} did not fit in memory: calls that only span links describe are missing.`]
}

const withThousands = (count: number) => count.toLocaleString('en-US')
const counted = (count: number, unit: string) => `${withThousands(count)} ${unit}${count === 1 ? '' : 's'}`
