import { type Static, Type } from 'typebox'
import { GraphName } from '../../model/parameters.ts'

const closed = { additionalProperties: false }
const Count = (description: string) => Type.Integer({ minimum: 0, description })

/** The outcome of one alert under one rule; without `rule`, no rule matched. */
export const AlertOutcome = Type.Object(
  {
    alert: Type.String({ description: 'Label alertname of the alert' }),
    fingerprint: Type.Optional(Type.String()),
    status: Type.Union([Type.Literal('firing'), Type.Literal('resolved')]),
    state: Type.Union(
      [
        Type.Literal('started'),
        Type.Literal('deferred'),
        Type.Literal('deduplicated'),
        Type.Literal('ignored'),
      ],
      { description: 'deferred: the build runs at `runsAt`, unless a later alert for the graph replaces it' },
    ),
    rule: Type.Optional(Type.String()),
    graph: Type.Optional(GraphName),
    jobId: Type.Optional(Type.String({ description: 'The job that builds the graph' })),
    runsAt: Type.Optional(Type.String({ format: 'date-time' })),
    coalesced: Type.Optional(Count('Earlier alerts for the graph that this one replaced')),
    reason: Type.Optional(Type.String({ description: 'Why no build was started' })),
  },
  closed,
)
export type AlertOutcome = Static<typeof AlertOutcome>

/** The answer to a notification. */
export const AlertReceipt = Type.Object(
  {
    message: Type.String({ description: 'The counts as text' }),
    started: Count('Builds that were started'),
    deferred: Count('Alerts whose build runs later'),
    deduplicated: Count('Alerts that were seen before, or whose build was queued or running'),
    ignored: Count('Alerts without a build'),
    outcomes: Type.Array(AlertOutcome, { description: 'One outcome for each alert and rule, at most 500' }),
  },
  { $id: 'AlertReceipt', ...closed },
)
export type AlertReceipt = Static<typeof AlertReceipt>

/** Most outcomes in a receipt; the counts include all. */
const maxOutcomes = 500

/** Counts the outcomes of a notification. @param truncatedAlerts alerts that the sender left out */
export function receiptOf(outcomes: AlertOutcome[], truncatedAlerts: number): AlertReceipt {
  const count = (state: AlertOutcome['state']) => outcomes.filter((outcome) => outcome.state === state).length
  const counts = {
    started: count('started'),
    deferred: count('deferred'),
    deduplicated: count('deduplicated'),
    ignored: count('ignored'),
  }
  const words = Object.entries(counts).map(([state, number]) => `${number} ${state}`)
  const truncated = truncatedAlerts > 0 ? `; the sender left out ${truncatedAlerts} alerts` : ''
  return { message: words.join(', ') + truncated, ...counts, outcomes: outcomes.slice(0, maxOutcomes) }
}
