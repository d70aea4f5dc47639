import { type Static, Type } from 'typebox'

/** When something is done again and again: from start to start, or at the times of a cron pattern. */
export const Schedule = Type.Union([
  Type.Object({ everyMs: Type.Number({ exclusiveMinimum: 0 }) }, { additionalProperties: false }),
  Type.Object(
    { cron: Type.String(), timezone: Type.String({ description: 'IANA name' }) },
    { additionalProperties: false },
  ),
])
export type Schedule = Static<typeof Schedule>
