import { type Static, type TObject, Type } from 'typebox'
import { graphNamePattern, Tenant } from '../../model/parameters.ts'
import { closed } from './key-types.ts'
import { QuerySection, SearchSection } from './query.ts'

/** The keys of a section without their defaults. An absent key has the value of the section itself. */
function overriding<Section extends TObject>(description: string, { properties }: Section, without = '') {
  const kept = Object.entries(properties).filter(([key]) => key !== without)
  const keys = kept.map(([key, schema]) => {
    const { default: _default, ...rest } = schema as { default?: unknown }
    return [key, rest]
  })
  return Type.Unsafe<Partial<Static<Section>>>({
    type: 'object',
    description,
    properties: Object.fromEntries(keys),
    ...closed,
  })
}

const Schedule = Type.Object(
  {
    every_sec: Type.Optional(
      Type.Number({ minimum: 1, maximum: 604_800, description: 'Time from start to start, s.' }),
    ),
    cron: Type.Optional(
      Type.String({ minLength: 1, maxLength: 256, description: 'Cron pattern, instead of `every_sec`.' }),
    ),
    timezone: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        description: 'IANA time zone of the cron pattern, UTC if absent.',
      }),
    ),
  },
  { ...closed, description: 'Times at which `tta serve` builds the graph.' },
)
export type ScheduleSection = Static<typeof Schedule>

const GraphEntry = Type.Object(
  {
    query: Type.Optional(overriding('Keys of `query` that differ.', QuerySection, 'tag_filter')),
    search: Type.Optional(overriding('Keys of `search` that differ.', SearchSection)),
    tenant: Type.Optional(Tenant),
    schedule: Type.Optional(Schedule),
    sinks: Type.Optional(
      Type.Array(Type.String(), {
        uniqueItems: true,
        maxItems: 10,
        description:
          'Configured sinks that get the graph, all if absent. `[]` keeps it in the embedded store only.',
      }),
    ),
  },
  closed,
)
export type GraphEntry = Static<typeof GraphEntry>

const exampleGraphs = {
  checkout: {
    query: { filter: '^checkout$', level: 'service' },
    search: { from: 900 },
    schedule: { every_sec: 60 },
  },
  nightly: {
    search: { from: 86_400 },
    schedule: { cron: '0 3 * * *', timezone: 'Europe/Berlin' },
    sinks: [],
  },
}

export const GraphsSection = Type.Unsafe<Record<string, GraphEntry>>({
  type: 'object',
  description:
    'Named graphs with their own parameters and schedules. Absent keys have the values of the sections.',
  propertyNames: {
    type: 'string',
    pattern: graphNamePattern,
    description: 'lower-case letters, digits, _ and -, at most 64',
  },
  additionalProperties: GraphEntry,
  default: {},
  examples: [exampleGraphs],
})
