import type { FieldError } from './errors.ts'

/**
 * The properties of an Ajv error that are read here. With Ajv's option `verbose`, the messages also name known keys,
 * ranges and descriptions.
 */
export interface SchemaError {
  keyword: string
  /** JSON Pointer (RFC 6901) into the data. */
  instancePath: string
  schemaPath: string
  params: Record<string, unknown>
  message?: string | undefined
  propertyName?: string | undefined
  parentSchema?: Record<string, unknown> | undefined
}

/**
 * Converts Ajv errors to messages for the author of the data.
 *
 * `field` is the path of the invalid value, such as `tempo.url` or `nodes[3].id`. Unknown, missing and misnamed keys have
 * no `value`, because a misplaced key could hold a secret.
 *
 * @param rootName name of the whole data, such as `body`
 * @param data the checked data
 */
export function fieldErrors(errors: readonly SchemaError[], rootName: string, data: unknown): FieldError[] {
  const found = new Map<string, FieldError>()
  for (const error of collapseUnions(errors)) {
    const fieldError = toFieldError(error, rootName, data)
    found.set(`${fieldError.field}\n${fieldError.message}`, fieldError)
  }
  return [...found.values()]
}

/** Returns the most similar known name. At most a third of its letters may differ (Levenshtein distance). */
export function closest(name: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(name.slice(0, 100), candidate) }))
    .filter(({ candidate, distance }) => distance * 3 <= candidate.length)
    .sort((a, b) => a.distance - b.distance)
  return ranked[0]?.candidate
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const substituted = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1)
      current.push(Math.min(substituted, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[b.length] ?? 0
}

const alternativeKeywords = new Set(['type', 'const', 'enum'])

/**
 * Reduces the errors of unions. Ajv reports every branch of a failed union, and then the union. If the data has the type
 * of one branch, only the errors of that branch are kept. Otherwise one error lists the alternatives.
 */
function collapseUnions(errors: readonly SchemaError[]): SchemaError[] {
  let rest = errors.filter((error) => error.keyword !== 'propertyNames')
  const unions = rest.filter((error) => error.keyword === 'anyOf' || error.keyword === 'oneOf')
  for (const union of unions) {
    const branches = rest.filter((error) => error.schemaPath.startsWith(`${union.schemaPath}/`))
    const specific = branches.filter((error) => !alternativeKeywords.has(error.keyword))
    const message = specific.length === 0 ? mustBe(branches.flatMap(alternatives)) : undefined
    rest = rest.flatMap((error) => {
      if (error === union) return message === undefined ? [] : [{ ...union, message }]
      return branches.includes(error) && !specific.includes(error) ? [] : [error]
    })
  }
  return rest
}

function alternatives({ keyword, params }: SchemaError): string[] {
  if (keyword === 'const') return [JSON.stringify(params.allowedValue)]
  if (keyword === 'enum') return (params.allowedValues as unknown[]).map((value) => JSON.stringify(value))
  const types = Array.isArray(params.type) ? params.type : [params.type]
  return types.map((type) => (/^[aeio]/.test(String(type)) ? `an ${type}` : `a ${type}`))
}

function mustBe(allowed: string[]): string {
  // A value of the wrong type fails both `type` and `const` of a branch. The constants are more helpful.
  const constants = allowed.filter((text) => !/^an? /.test(text))
  const named = [...new Set(constants.length > 0 ? constants : allowed)]
  return constants.length > 1 ? `must be one of ${named.join(', ')}` : `must be ${named.join(' or ')}`
}

function toFieldError(error: SchemaError, rootName: string, data: unknown): FieldError {
  const { keyword, params } = error
  const { field, value } = locate(error.instancePath, rootName, data)
  const key = error.propertyName ?? params.additionalProperty ?? params.missingProperty
  if (key !== undefined) {
    return { field: error.instancePath === '' ? String(key) : `${field}.${key}`, message: messageOf(error) }
  }
  return keyword === 'required'
    ? { field, message: messageOf(error) }
    : { field, value, message: messageOf(error) }
}

function locate(pointer: string, rootName: string, data: unknown): { field: string; value: unknown } {
  let field = ''
  let value = data
  for (const token of pointer.split('/').slice(1)) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~')
    if (Array.isArray(value)) field = `${field || rootName}[${key}]`
    else field = field === '' ? key : `${field}.${key}`
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined
  }
  return { field: field || rootName, value }
}

const bounds = new Set(['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'])

function messageOf(error: SchemaError): string {
  const { keyword, params, parentSchema = {} } = error
  if (alternativeKeywords.has(keyword)) return mustBe(alternatives(error)) + rangeOf(parentSchema)
  if (keyword === 'additionalProperties') return unknownKey(String(params.additionalProperty), parentSchema)
  if (keyword === 'required') return 'is missing'
  if (keyword === 'minLength') return `must have at least ${count(params.limit, 'character')}`
  if (keyword === 'maxLength') return `must have at most ${count(params.limit, 'character')}`
  if (keyword === 'pattern') {
    const subject = error.propertyName === undefined ? 'must' : 'must have a name that'
    return `${subject} match${error.propertyName === undefined ? '' : 'es'} ${params.pattern}${description(parentSchema)}`
  }
  const range = bounds.has(keyword) ? rangeOf(parentSchema) : ''
  return range === '' ? (error.message ?? `must satisfy ${keyword}`) : `must be${range}`
}

const description = (schema: Record<string, unknown>) =>
  typeof schema.description === 'string' ? ` (${schema.description})` : ''

const count = (amount: unknown, noun: string) => `${amount} ${noun}${amount === 1 ? '' : 's'}`

/** Returns the range of a number as text, with a leading space; '' if the schema sets no range. */
function rangeOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Record<string, unknown>): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`
  const lower = minimum === undefined ? exclusiveMinimum : minimum
  const upper = maximum === undefined ? exclusiveMaximum : maximum
  const parts = [
    lower === undefined ? '' : `${minimum === undefined ? 'above' : 'at least'} ${lower}`,
    upper === undefined ? '' : `${maximum === undefined ? 'below' : 'at most'} ${upper}`,
  ].filter((part) => part !== '')
  return parts.length === 0 ? '' : ` ${parts.join(' and ')}`
}

function unknownKey(key: string, { properties }: Record<string, unknown>): string {
  if (typeof properties !== 'object' || properties === null) return 'is not a known key'
  const known = Object.keys(properties)
  const meant = closest(key, known)
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`
  return `is not a known key${hint} (known: ${known.join(', ')})`
}
