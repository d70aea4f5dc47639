import { type Static, Type } from 'typebox'
import { GraphName } from '../../model/parameters.ts'

const closed = { additionalProperties: false }
const Count = (description: string) => Type.Integer({ minimum: 0, description })

/** What became of one alert under one rule; without `rule` under none. */
export const AlertOutcome = Type.Object(
  {
    alert: Type.String({ description: 'Its label alertname' }),
    fingerprint: Type.Optional(Type.String()),
    status: Type.Union([Type.Literal('firing'), Type.Literal('resolved')]),
    state: Type.Union(
      [
        Type.Literal('started'),
        Type.Literal('deferred'),
        Type.Literal('deduplicated'),
        Type.Literal('ignored'),
      ],
      { description: 'deferred: built at `runsAt`, unless a later alert for the graph takes its place' },
    ),
    rule: Type.Optional(Type.String()),
    graph: Type.Optional(GraphName),
    jobId: Type.Optional(Type.String({ description: 'The job that builds the graph' })),
    runsAt: Type.Optional(Type.String({ format: 'date-time' })),
    coalesced: Type.Optional(Count('Earlier alerts for the graph whose place this one took')),
    reason: Type.Optional(Type.String({ description: 'Why it was not started, in words' })),
  },
  closed,
)
export type AlertOutcome = Static<typeof AlertOutcome>

/** The answer to a notification. */
export const AlertReceipt = Type.Object(
  {
    message: Type.String({ description: 'In words' }),
    started: Count('Builds that were begun'),
    deferred: Count('Alerts whose graph is built at the end of its interval'),
    deduplicated: Count('Alerts seen before, or whose build was under way'),
    ignored: Count('Alerts that build nothing'),
    outcomes: Type.Array(AlertOutcome, { description: 'Of each alert under each rule, the first 500' }),
  },
  { $id: 'AlertReceipt', ...closed },
)
export type AlertReceipt = Static<typeof AlertReceipt>

/** Most outcomes that are told one by one. */
const maxOutcomes = 500

/** @param truncatedAlerts alerts that the sender left out */
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
