import { type Static, Type } from 'typebox'

/** Two services whose clocks differ. */
export const ClockOffset = Type.Object(
  {
    client: Type.String({ description: 'The calling service' }),
    server: Type.String({
      description: 'The called service, whose clock is behind or whose client is ahead',
    }),
    medianMs: Type.Number({
      minimum: 0,
      description: 'Median of how much earlier than its client the server starts in the early calls, ms',
    }),
    share: Type.Number({
      minimum: 0,
      maximum: 1,
      description: 'Share of early calls among all calls with a client and a server span',
    }),
    early: Type.Integer({
      minimum: 1,
      description: 'Number of calls in which the server starts before its client',
    }),
    traceId: Type.Union([Type.String(), Type.Null()], {
      description: 'A trace with about the median offset',
    }),
  },
  { additionalProperties: false },
)
export type ClockOffset = Static<typeof ClockOffset>
