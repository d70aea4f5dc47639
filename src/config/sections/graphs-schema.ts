import { type Static, type TObject, Type } from 'typebox'
import { graphNamePattern, Tenant } from '../../model/parameters.ts'
import { QuerySection, SearchSection } from './query-schema.ts'

const closed = { additionalProperties: false }

/** The same keys, each of which may be left out: then the section itself says what holds. */
function overriding<Section extends TObject>({ properties }: Section, without: string[] = []) {
  const kept = Object.entries(properties).filter(([key]) => !without.includes(key))
  const keys = kept.map(([key, schema]) => {
    const { default: _default, ...rest } = schema as { default?: unknown }
    return [key, rest]
  })
  return Type.Unsafe<Partial<Static<Section>>>({
    type: 'object',
    properties: Object.fromEntries(keys),
    ...closed,
  })
}

const ScheduleSection = Type.Object(
  {
    every_sec: Type.Optional(
      Type.Number({ minimum: 1, maximum: 604_800, description: 'From one start to the next, s' }),
    ),
    cron: Type.Optional(Type.String({ minLength: 1, maxLength: 256, description: 'Cron pattern' })),
    timezone: Type.Optional(
      Type.String({ minLength: 1, maxLength: 64, description: 'IANA time zone of the cron pattern' }),
    ),
  },
  closed,
)
export type ScheduleSection = Static<typeof ScheduleSection>

const GraphEntry = Type.Object(
  {
    query: Type.Optional(overriding(QuerySection, ['tag_filter'])),
    search: Type.Optional(overriding(SearchSection)),
    tenant: Type.Optional(Tenant),
    schedule: Type.Optional(ScheduleSection),
    sinks: Type.Optional(Type.Array(Type.String(), { uniqueItems: true, maxItems: 10 })),
  },
  closed,
)
export type GraphEntry = Static<typeof GraphEntry>

/** Graphs by name, each with what it has of its own. */
export const GraphsSection = Type.Unsafe<Record<string, GraphEntry>>({
  type: 'object',
  description: 'Graphs by name: query, search, tenant, schedule and sinks of their own',
  propertyNames: {
    type: 'string',
    pattern: graphNamePattern,
    description: 'lower-case letters, digits, _ and -, at most 64',
  },
  additionalProperties: GraphEntry,
  default: {},
})
