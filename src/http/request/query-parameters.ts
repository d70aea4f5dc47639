import { type Static, Type } from 'typebox'
import { maxReadableNodes } from '../../export/shown-part.ts'
import { AggregationParameters, GraphName, Time } from '../../model/parameters.ts'
import { plain } from '../schema/components.ts'
import { formatProperties } from './response-format.ts'

/** A query string without parameters. */
export const NoQuery = Type.Object({}, { additionalProperties: false })

export const GraphPath = Type.Object({ graph: GraphName })
export const NamePath = Type.Object({ name: GraphName })

// The path contains the graph, a GET request never stores a graph, and /diff replaces `compare`.
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
      'Returns the stored build that was current at this time. Same formats as from. Cannot be combined with build parameters',
  }),
}

/** The query string of a graph: the parameters of POST /aggregate, or the time of a stored build. */
export const BuildQuery = plain(Type.Object(queryProperties, { additionalProperties: false }))
export type BuildQuery = Static<typeof BuildQuery>

/** Parameters that limit the shown part of a graph. */
const sizeProperties = {
  focus: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 1024,
      description:
        'Shows only the neighbourhood of this node: an id, title/subTitle, or the title of one or more nodes',
    }),
  ),
  hops: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 64,
      description: 'Largest distance from `focus`, in edges of either direction. Default: 1. Requires focus',
    }),
  ),
  fold: Type.Optional(
    Type.Literal('group', {
      description: 'Makes one node of each group, with the sums of its nodes. Requires a graph with groupBy',
    }),
  ),
  maxNodes: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      description:
        'Maximum number of nodes. The most called nodes stay; others with the same callers and callees are folded ' +
        `into one. Default: ${maxReadableNodes} for Grafana and for pictures, all nodes otherwise. Alias: max_nodes`,
    }),
  ),
}

const sizedProperties = { ...queryProperties, ...sizeProperties }
/** `BuildQuery` with the shown part of the graph. */
export const SizedQuery = plain(Type.Object(sizedProperties, { additionalProperties: false }))

/** Every parameter that a graph may be requested with, by name. */
export const graphQueryProperties = { ...sizedProperties, ...formatProperties }
/** `SizedQuery` with the format of the response. */
export const GraphQuery = plain(Type.Object(graphQueryProperties, { additionalProperties: false }))

/** `SizedQuery` for clients that also send their own parameters, which are ignored. */
export const TolerantQuery = plain(Type.Object(sizedProperties))

/** Returns whether a querystring schema contains build parameters. */
export function takesBuildParameters(schema: unknown): boolean {
  return [BuildQuery, SizedQuery, TolerantQuery, GraphQuery].some((query) => query === schema)
}

/** Returns the build parameters of a query string; undefined if it has none. */
export function buildParameters(query: object): BuildQuery | undefined {
  const known = Object.entries(query).filter(([name]) => Object.hasOwn(buildProperties, name))
  return known.length === 0 ? undefined : Object.fromEntries(known)
}
