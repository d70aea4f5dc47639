import type { TraceRepair } from '../assembly/trace-repair.ts'

interface BulkAccount {
  /** The limit of the read that was passed, in words. */
  passed: string | undefined
  /** The limit on traces, where there were more. */
  overLimit: number | undefined
  /** Seconds that hold more than one answer may. */
  crowdedSeconds: number
  repair: Pick<TraceRepair, 'incomplete' | 'apart' | 'unchecked' | 'isStopped'>
}

/** What a person should know of a bulk read, in plain words. */
export function bulkWarnings({ passed, overLimit, crowdedSeconds, repair }: BulkAccount): string[] {
  const warnings = passed === undefined ? [] : [passed]
  if (overLimit !== undefined) {
    warnings.push(`More than ${overLimit} traces (limit) in the window: the oldest part was not read.`)
  }
  if (crowdedSeconds > 0) {
    warnings.push(`${crowdedSeconds} s of the window hold more than Tempo can answer: traces are missing.`)
  }
  if (repair.incomplete > 0) {
    warnings.push(
      repair.isStopped
        ? `${repair.incomplete} traces may lack spans: a limit of the build had been passed before they were looked up.`
        : `${repair.incomplete} traces lack spans that could not be had.`,
    )
  }
  if (repair.apart > 0) {
    warnings.push(`${repair.apart} traces stay in two parts: a participant cut their id to 64 bits.`)
  }
  if (repair.unchecked > 0) {
    warnings.push(
      `${repair.unchecked} traces with a missing parent were not looked up again: ` +
        (repair.isStopped
          ? 'a limit of the build had been passed.'
          : 'for the first of them it brought nothing more.'),
    )
  }
  return warnings
}
