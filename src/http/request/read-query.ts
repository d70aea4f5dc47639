import type { preValidationHookHandler } from 'fastify'
import { badRequest, type FieldError } from '../../base/errors.ts'
import { splitList } from '../../model/text-list.ts'
import { graphQueryProperties } from './query-parameters.ts'

const numeric = /^-?\d+(\.\d+)?$/
/** An ISO 8601 time with an unescaped `+`, which a query string decodes to a space. */
const spaceForPlus = /^(\d{4}-\d\d-\d\dT[\d:.]+) (\d\d:?\d\d)$/

/** The keywords that are read from the schema of a query parameter. */
interface ParameterSchema {
  type?: unknown
  anyOf?: unknown
}

/**
 * Creates a preValidation hook that converts query parameters to the types of their schemas. Text that is not of that
 * type stays text, and the validation refuses it. Ajv's own coercion would accept `0x10` and `Infinity` as numbers.
 * An empty value counts as absent, because an empty Grafana variable leaves one. A space before the offset of a time
 * is an unescaped `+`. A repeated parameter is 400, unless it is a list: then each one is an item.
 */
export function createQueryReader(properties: Record<string, ParameterSchema>): preValidationHookHandler {
  const schemas = new Map(Object.entries(properties))
  return (request, _reply, done) => {
    const query = request.query as Record<string, unknown>
    const repeated: FieldError[] = []
    for (const [field, value] of Object.entries(query)) {
      const schema = schemas.get(field)
      if (schema === undefined) continue
      if (Array.isArray(value)) {
        if (schema.type !== 'array') repeated.push({ field, value, message: 'must not be repeated' })
      } else if (value === '') delete query[field]
      else query[field] = readText(field, String(value), schema)
    }
    done(repeated.length === 0 ? undefined : badRequest(repeated))
  }
}

/** Reads a query string with build parameters. */
export const readGraphQuery: preValidationHookHandler = function (request, reply, done) {
  acceptSnakeCase(request.query as Record<string, unknown>)
  readProperties.call(this, request, reply, done)
}
const readProperties = createQueryReader(graphQueryProperties)

const isTime = (field: string) => ['from', 'to', 'at', 'before', 'base'].includes(field)
/** Restores the `+` of one time, or of two times with a comma between them. */
const restorePlus = (time: string) =>
  time
    .split(',')
    .map((one) => one.replace(spaceForPlus, '$1+$2'))
    .join(',')

function readText(field: string, value: string, schema: ParameterSchema): unknown {
  const text = isTime(field) ? restorePlus(value) : value
  if (schema.type === 'array') return splitList(text)
  if (schema.type === 'boolean') return text === 'true' || (text === 'false' ? false : text)
  const alternatives = (schema.anyOf ?? [schema]) as { type?: unknown }[]
  const takesNumber = alternatives.some(({ type }) => type === 'number' || type === 'integer')
  return takesNumber && numeric.test(text) ? Number(text) : text
}

/** Names in the configuration that are accepted for the parameter. Both together count as a repeated parameter. */
const aliases = { max_nodes: 'maxNodes', group_by: 'groupBy' }

function acceptSnakeCase(query: Record<string, unknown>): void {
  for (const [alias, name] of Object.entries(aliases)) {
    if (!Object.hasOwn(query, alias)) continue
    const values = [query[name], query[alias]].filter((value) => value !== undefined)
    query[name] = values.length === 1 ? values[0] : values.flat()
    delete query[alias]
  }
}
