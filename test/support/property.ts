import fc from 'fast-check'
import type { Test } from 'tap'

/** Share of the runs of each property, 0 to 1. `npm run test:unit` makes fewer than `npm test`, which makes all. */
const share = Number(process.env.PROPERTY_RUNS_SHARE ?? 1)
const runsOf = (numRuns: number) => Math.max(10, Math.ceil(numRuns * share))

/** Asserts a property. If it does not hold, the message has the seed and the smallest counterexample. */
export function holds<T>(t: Test, property: fc.IProperty<T>, numRuns: number): void {
  report(t, fc.check(property, { numRuns: runsOf(numRuns) }))
}

/** Does the same as `holds` for a property that is asynchronous. */
export async function holdsAsync<T>(t: Test, property: fc.IAsyncProperty<T>, numRuns: number): Promise<void> {
  report(t, await fc.check(property, { numRuns: runsOf(numRuns) }))
}

function report<T>(t: Test, found: fc.RunDetails<T>): void {
  t.notOk(found.failed, fc.defaultReportMessage(found) ?? `holds in ${found.numRuns} cases`)
}
