import { type Static, Type } from 'typebox'
import { maxReadableNodes } from '../../export/shown-part.ts'
import { AggregationParameters, GraphName, Time } from '../../model/parameters.ts'
import { plain } from '../schema/components.ts'
import { formatProperties } from './response-format.ts'

/** No parameters at all in the query string. */
export const NoQuery = Type.Object({}, { additionalProperties: false })

export const GraphPath = Type.Object({ graph: GraphName })
export const NamePath = Type.Object({ name: GraphName })

// The path names the graph, a GET stores nothing anyway, and /diff compares.
const {
  graph: _graph,
  dryRun: _dryRun,
  compare: _compare,
  ...buildProperties
} = AggregationParameters.properties

const queryProperties = {
  ...buildProperties,
  at: Type.Optional({
    ...Time,
    description:
      'The build that was current at this time, from what is kept; as from, and not beside other parameters',
  }),
}

/** What a graph may be asked for with in a query string: as the body of POST /aggregate, or a time. */
export const BuildQuery = plain(Type.Object(queryProperties, { additionalProperties: false }))
export type BuildQuery = Static<typeof BuildQuery>

/** How much of a graph is wanted. */
const sizeProperties = {
  focus: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 1024,
      description: 'Only what is near this node: its id, title/subTitle, or the title of one or several',
    }),
  ),
  hops: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 64,
      description: 'How far from `focus`, in calls of either direction; 1 by default',
    }),
  ),
  maxNodes: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      description:
        'Most nodes: the most called stay, others are one for each set of callers and callees. By default ' +
        `${maxReadableNodes} where Grafana or a picture is meant, else all. May be written max_nodes`,
    }),
  ),
}

const sizedProperties = { ...queryProperties, ...sizeProperties }
/** The same, and how much of the graph is wanted. */
export const SizedQuery = plain(Type.Object(sizedProperties, { additionalProperties: false }))

/** Every parameter that a graph may be requested with, by name. */
export const graphQueryProperties = { ...sizedProperties, ...formatProperties }
/** The same, and in which form. */
export const GraphQuery = plain(Type.Object(graphQueryProperties, { additionalProperties: false }))

/** The same, in no other form, for callers that send parameters of their own beside ours: those are ignored. */
export const TolerantQuery = plain(Type.Object(sizedProperties))

/** Whether a querystring schema is one of those above. */
export function takesBuildParameters(schema: unknown): boolean {
  return [BuildQuery, SizedQuery, TolerantQuery, GraphQuery].some((query) => query === schema)
}

/** Only what is ours; undefined when nothing is. */
export function buildParameters(query: object): BuildQuery | undefined {
  const known = Object.entries(query).filter(([name]) => Object.hasOwn(buildProperties, name))
  return known.length === 0 ? undefined : Object.fromEntries(known)
}
