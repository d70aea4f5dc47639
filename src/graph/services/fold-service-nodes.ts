import { compareTexts, leastCalled } from '../columns/least-called.ts'
import { folded, type StringTable } from '../columns/string-table.ts'
import type { Folding, GraphNode } from '../graph.ts'
import { RedColumns } from '../totals/red.ts'
import { addOther, type ServiceNodes } from './service-nodes.ts'

/** Calls that each party received, and made. */
interface Calls {
  made: RedColumns
  received: RedColumns
}

/**
 * Adds up the least called services and peers where there are more than `max`: they become one party, in `parties.of`
 * too.
 *
 * @returns the party of all that is folded, -1 where there is none, and in row 0 of `red` its calls
 */
export function foldServiceNodes(
  parties: ServiceNodes,
  { made, received }: Calls,
  strings: StringTable,
  max: number,
): { other: number; red: RedColumns; folding: Folding } {
  const red = new RedColumns()
  const late = parties.name.indexOf(folded)
  const countOf = (party: number) => received.countOf(party) || made.countOf(party) || 0
  const { least, of } = leastCalled(
    parties.length,
    (party) => (party === late ? 0 : countOf(party)),
    (a, b) => compareParties(parties, strings, a, b),
    max,
  )
  const lateCalls = late < 0 ? 0 : countOf(late)
  const folding: Folding = { kind: 'services', folded: least.length, of, late: lateCalls }
  if (late < 0 && least.length === 0) return { other: -1, red, folding }
  const other = late < 0 ? addOther(parties) : late
  const partyOf = Int32Array.from({ length: parties.length }, (_, party) => party)
  for (const party of late < 0 ? least : [late, ...least]) {
    const isCalled = received.countOf(party) > 0
    if (countOf(party) > 0) red.addRow(0, isCalled ? received : made, party, isCalled)
    partyOf[party] = other
  }
  parties.of.forEach((party, node) => {
    if (party >= 0) parties.of[node] = partyOf[party]!
  })
  return { other, red, folding }
}

function compareParties({ name, role }: ServiceNodes, strings: StringTable, a: number, b: number): number {
  const roleOf = (party: number): GraphNode['role'] => role[party]!
  return compareTexts(strings.text(name[a]!), strings.text(name[b]!)) || compareTexts(roleOf(a), roleOf(b))
}
