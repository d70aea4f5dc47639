import { type Static, Type } from 'typebox'
import { badRequest } from '../errors.ts'
import { AggregationParameters, GraphName } from '../model/parameters.ts'
import { plain } from './components.ts'

/** No parameters at all in the query string. */
export const NoQuery = Type.Object({}, { additionalProperties: false })

export const GraphPath = Type.Object({ graph: GraphName })
export const NamePath = Type.Object({ name: GraphName })

// The path names the graph, and a GET stores nothing anyway.
const { graph: _graph, dryRun: _dryRun, ...buildProperties } = AggregationParameters.properties

/** What a graph may be asked for with in a query string: as the body of POST /aggregate. */
export const BuildQuery = plain(Type.Object(buildProperties, { additionalProperties: false }))
export type BuildQuery = Static<typeof BuildQuery>

/** The same for callers that send parameters of their own beside ours: those are ignored. */
export const TolerantBuildQuery = plain(Type.Object(buildProperties))

const names = Object.keys(buildProperties)
const numeric = /^-?\d+(\.\d+)?$/

/**
 * Runs before the check and reads text as the type that is asked for. What is not of that type stays text, which
 * the check refuses. Ajv's own coercion is not used: to it `0x10` and `Infinity` are numbers. An empty value is no
 * value, because that is what an empty Grafana variable leaves behind.
 *
 * @throws {TtaError} 400: a parameter stands there more than once
 */
export async function readQuery({ query }: { query: unknown }): Promise<void> {
  const raw = query as Record<string, unknown>
  const repeated = names.filter((name) => Array.isArray(raw[name]))
  if (repeated.length > 0) {
    throw badRequest(
      repeated.map((field) => ({ field, value: raw[field], message: 'must be given only once' })),
    )
  }
  for (const [name, schema] of Object.entries(buildProperties)) {
    if (raw[name] === '') delete raw[name]
    else if (raw[name] !== undefined) raw[name] = readText(raw[name] as string, schema)
  }
}

function readText(text: string, schema: { type?: unknown; anyOf?: unknown }): unknown {
  if (schema.type === 'boolean') return text === 'true' || (text === 'false' ? false : text)
  const alternatives = (schema.anyOf ?? [schema]) as { type?: unknown }[]
  const takesNumber = alternatives.some(({ type }) => type === 'number' || type === 'integer')
  return takesNumber && numeric.test(text) ? Number(text) : text
}

/** Only what is ours; undefined when nothing is. */
export function buildParameters(query: BuildQuery): BuildQuery | undefined {
  const known = Object.entries(query).filter(([name]) => names.includes(name))
  return known.length === 0 ? undefined : Object.fromEntries(known)
}
