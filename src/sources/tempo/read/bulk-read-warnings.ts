import type { TraceRepair } from '../assembly/trace-repair.ts'

interface BulkReadOutcome {
  /** Warning about the limit of the read that was exceeded. */
  exceeded: string | undefined
  /** The limit on traces, if there were more. */
  overLimit: number | undefined
  /** Seconds with more traces than Tempo answers. */
  crowdedSeconds: number
  repair: Pick<TraceRepair, 'incomplete' | 'unmergedPairs' | 'uncheckedOrphans' | 'isStopped'>
}

/** The warnings of a bulk read, as sentences for a person. */
export function bulkReadWarnings({ exceeded, overLimit, crowdedSeconds, repair }: BulkReadOutcome): string[] {
  const warnings = exceeded === undefined ? [] : [exceeded]
  if (overLimit !== undefined) {
    warnings.push(`More than ${overLimit} traces (limit) in the window: the oldest part was not read.`)
  }
  if (crowdedSeconds > 0) {
    warnings.push(`${crowdedSeconds} s of the window hold more than Tempo can answer: traces are missing.`)
  }
  if (repair.incomplete > 0) {
    warnings.push(
      repair.isStopped
        ? `${repair.incomplete} traces may lack spans: a limit of the build was exceeded before their look-up.`
        : `${repair.incomplete} traces lack spans that could not be read.`,
    )
  }
  if (repair.unmergedPairs > 0) {
    warnings.push(`${repair.unmergedPairs} traces stay in two parts: a service cut their id to 64 bits.`)
  }
  if (repair.uncheckedOrphans > 0) {
    warnings.push(
      `${repair.uncheckedOrphans} traces with a missing parent were not looked up again: ` +
        (repair.isStopped ? 'a limit of the build was exceeded.' : 'earlier look-ups found no more spans.'),
    )
  }
  return warnings
}
