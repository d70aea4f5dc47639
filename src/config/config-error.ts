import type { FieldError } from '../base/errors.ts'
import { keys } from './sections/keys.ts'

/** Everything that is wrong with the configuration, at once. Neither message nor `errors` hold a secret. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  readonly errors: FieldError[]

  constructor(errors: FieldError[]) {
    super(['the configuration cannot be used:', ...errors.map(fieldLine)].join('\n'))
    this.errors = errors
  }
}

/** What is wrong with a field as one indented line; long values are cut. */
export function fieldLine({ field, value, message }: FieldError): string {
  return value === undefined ? `  ${field} ${message}` : `  ${field} is ${shown(value)}, but ${message}`
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 120 ? `${text.slice(0, 119)}…` : text
}

const secretFields = keys.filter(({ schema }) => schema.writeOnly).map(({ path }) => path.join('.'))

/** Whether one of two fields is the other or lies inside it. */
export function overlaps(a: string, b: string): boolean {
  return a === b || isInside(a, b) || isInside(b, a)
}

const isInside = (field: string, whole: string) =>
  field.startsWith(`${whole}.`) || field.startsWith(`${whole}[`)

/** Whether a field is a secret, lies in one or holds one; `expanded` are fields filled by `${NAME}`. */
export function isSecret(field: string, expanded: readonly string[]): boolean {
  return [...secretFields, ...expanded].some((secret) => overlaps(field, secret))
}

/**
 * Takes out of an error the value that must not be shown: a secret, or an address that may have credentials in it.
 * Of other addresses query and fragment are cut off: that is where tokens stand.
 */
export function withoutSecret(error: FieldError, hidden: (field: string) => boolean): FieldError {
  const { field, value, message } = error
  if (typeof value === 'object' || hidden(field)) return { field, message }
  if (typeof value !== 'string') return error
  if (value.includes('@')) return { field, message }
  const isAddress = field.endsWith('.url') || value.includes('://')
  return isAddress ? { field, value: value.replace(/([?#]).+$/s, '$1…'), message } : error
}
