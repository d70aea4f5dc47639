import type { preValidationHookHandler } from 'fastify'
import { badRequest, type FieldError } from '../../base/errors.ts'
import { graphQueryProperties } from './query-parameters.ts'

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
export function createQueryReader(properties: Record<string, ParameterSchema>): preValidationHookHandler {
  const schemas = new Map(Object.entries(properties))
  return (request, _reply, done) => {
    const query = request.query as Record<string, unknown>
    const repeated: FieldError[] = []
    for (const [field, value] of Object.entries(query)) {
      const schema = schemas.get(field)
      if (schema === undefined) continue
      if (Array.isArray(value)) repeated.push({ field, value, message: 'must be given only once' })
      else if (value === '') delete query[field]
      else query[field] = readText(isTime(field) ? restorePlus(String(value)) : String(value), schema)
    }
    done(repeated.length === 0 ? undefined : badRequest(repeated))
  }
}

/** For queries with build parameters. */
export const readGraphQuery: preValidationHookHandler = function (request, reply, done) {
  acceptSnakeCase(request.query as Record<string, unknown>)
  readProperties.call(this, request, reply, done)
}
const readProperties = createQueryReader(graphQueryProperties)

const isTime = (field: string) => ['from', 'to', 'at', 'before', 'base'].includes(field)
/** Two times may stand in one text, a comma between them. */
const restorePlus = (time: string) =>
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

/** `max_nodes` is the same, written as in the configuration; beside `maxNodes` it is the parameter given twice. */
export function acceptSnakeCase(query: Record<string, unknown>): void {
  if (!Object.hasOwn(query, 'max_nodes')) return
  const values = [query.maxNodes, query.max_nodes].filter((value) => value !== undefined)
  query.maxNodes = values.length === 1 ? values[0] : values.flat()
  delete query.max_nodes
}
