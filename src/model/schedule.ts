import { type Static, Type } from 'typebox'

/** When a graph is built: at a fixed interval between starts, or at the times of a cron pattern. */
export const Schedule = Type.Union([
  Type.Object(
    { everyMs: Type.Number({ exclusiveMinimum: 0, description: 'Interval between starts, ms' }) },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      cron: Type.String({ description: 'Cron pattern' }),
      timezone: Type.String({ description: 'IANA time zone' }),
    },
    { additionalProperties: false },
  ),
])
export type Schedule = Static<typeof Schedule>
