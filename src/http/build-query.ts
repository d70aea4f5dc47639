import type { preValidationHookHandler } from 'fastify'
import { type Static, Type } from 'typebox'
import { badRequest, type FieldError } from '../errors.ts'
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

const schemas = new Map<string, { type?: unknown; anyOf?: unknown }>(Object.entries(buildProperties))
const numeric = /^-?\d+(\.\d+)?$/
/** An ISO 8601 time whose `+` was not written as %2B: a query string has it for a blank. */
const blankForPlus = /^(\d{4}-\d\d-\d\dT[\d:.]+) (\d\d:?\d\d)$/

/**
 * A preValidation hook that reads text as the type that is asked for. What is not of that type stays text, which
 * the check refuses. Ajv's own coercion is not used: to it `0x10` and `Infinity` are numbers. An empty value is no
 * value, because that is what an empty Grafana variable leaves behind; a blank in front of a time's offset is the
 * `+` that stood there. A parameter that stands there more than
 * once is 400.
 */
export const readQuery: preValidationHookHandler = (request, _reply, done) => {
  const query = request.query as Record<string, unknown>
  const repeated: FieldError[] = []
  for (const [field, value] of Object.entries(query)) {
    const schema = schemas.get(field)
    if (schema === undefined) continue
    if (Array.isArray(value)) repeated.push({ field, value, message: 'must be given only once' })
    else if (value === '') delete query[field]
    else query[field] = readText(isTime(field) ? withPlus(String(value)) : String(value), schema)
  }
  done(repeated.length === 0 ? undefined : badRequest(repeated))
}

const isTime = (field: string) => field === 'from' || field === 'to'
const withPlus = (time: string) => time.replace(blankForPlus, '$1+$2')

function readText(text: string, schema: { type?: unknown; anyOf?: unknown }): unknown {
  if (schema.type === 'boolean') return text === 'true' || (text === 'false' ? false : text)
  const alternatives = (schema.anyOf ?? [schema]) as { type?: unknown }[]
  const takesNumber = alternatives.some(({ type }) => type === 'number' || type === 'integer')
  return takesNumber && numeric.test(text) ? Number(text) : text
}

/** Whether a querystring schema is one of those above. */
export function takesBuildParameters(schema: unknown): boolean {
  return schema === BuildQuery || schema === TolerantBuildQuery
}

/** Only what is ours; undefined when nothing is. */
export function buildParameters(query: object): BuildQuery | undefined {
  const known = Object.entries(query).filter(([name]) => schemas.has(name))
  return known.length === 0 ? undefined : Object.fromEntries(known)
}
