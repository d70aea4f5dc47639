import type { preValidationHookHandler } from 'fastify'
import { type Static, Type } from 'typebox'
import { badRequest, type FieldError } from '../../base/errors.ts'
import { AggregationParameters, GraphName, Time } from '../../model/parameters.ts'
import { plain } from '../schema/components.ts'
import { formatProperties } from './format-query.ts'
import { readSpelling, sizeProperties } from './size-query.ts'

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

const sizedProperties = { ...queryProperties, ...sizeProperties }
/** The same, and how much of the graph is wanted. */
export const SizedQuery = plain(Type.Object(sizedProperties, { additionalProperties: false }))

const formProperties = { ...sizedProperties, ...formatProperties }
/** The same, and in which form. */
export const FormQuery = plain(Type.Object(formProperties, { additionalProperties: false }))

/** The same, in no other form, for callers that send parameters of their own beside ours: those are ignored. */
export const TolerantQuery = plain(Type.Object(sizedProperties))

const numeric = /^-?\d+(\.\d+)?$/
/** An ISO 8601 time whose `+` was not written as %2B: a query string has it for a blank. */
const blankForPlus = /^(\d{4}-\d\d-\d\dT[\d:.]+) (\d\d:?\d\d)$/

/** What is used of the schema of a query parameter. */
interface ParameterSchema {
  type?: unknown
  anyOf?: unknown
}

/**
 * A preValidation hook that reads text as the type that is asked for. What is not of that type stays text, which
 * the check refuses. Ajv's own coercion is not used: to it `0x10` and `Infinity` are numbers. An empty value is no
 * value, because that is what an empty Grafana variable leaves behind; a blank in front of a time's offset is the
 * `+` that stood there. A parameter that stands there more than
 * once is 400.
 */
export function queryReader(properties: Record<string, ParameterSchema>): preValidationHookHandler {
  const schemas = new Map(Object.entries(properties))
  return (request, _reply, done) => {
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
}

/** For queries with build parameters. */
export const readQuery: preValidationHookHandler = function (request, reply, done) {
  readSpelling(request.query as Record<string, unknown>)
  readProperties.call(this, request, reply, done)
}
const readProperties = queryReader(formProperties)

const isTime = (field: string) => ['from', 'to', 'at', 'before', 'base'].includes(field)
/** Two times may stand in one text, a comma between them. */
const withPlus = (time: string) =>
  time
    .split(',')
    .map((one) => one.replace(blankForPlus, '$1+$2'))
    .join(',')

function readText(text: string, schema: ParameterSchema): unknown {
  if (schema.type === 'boolean') return text === 'true' || (text === 'false' ? false : text)
  const alternatives = (schema.anyOf ?? [schema]) as { type?: unknown }[]
  const takesNumber = alternatives.some(({ type }) => type === 'number' || type === 'integer')
  return takesNumber && numeric.test(text) ? Number(text) : text
}

/** Whether a querystring schema is one of those above. */
export function takesBuildParameters(schema: unknown): boolean {
  return [BuildQuery, SizedQuery, TolerantQuery, FormQuery].some((query) => query === schema)
}

/** Only what is ours; undefined when nothing is. */
export function buildParameters(query: object): BuildQuery | undefined {
  const known = Object.entries(query).filter(([name]) => Object.hasOwn(buildProperties, name))
  return known.length === 0 ? undefined : Object.fromEntries(known)
}
