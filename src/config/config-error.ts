import type { FieldError } from '../base/errors.ts'
import { keys } from './sections/schema-keys.ts'

/** Every error of a configuration at once. Neither the message nor `errors` contain a secret. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  readonly errors: FieldError[]

  constructor(errors: FieldError[]) {
    super(['the configuration cannot be used:', ...errors.map(fieldLine)].join('\n'))
    this.errors = errors
  }
}

/** Returns the error of one field as an indented line. Long values are cut. */
export function fieldLine({ field, value, message }: FieldError): string {
  return value === undefined ? `  ${field} ${message}` : `  ${field} is ${shown(value)}, but ${message}`
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 120 ? `${text.slice(0, 119)}…` : text
}

const secretFields = keys.filter(({ schema }) => schema.writeOnly).map(({ path }) => path.join('.'))

/** Returns whether two fields are the same or one is inside the other. */
export function overlaps(a: string, b: string): boolean {
  return a === b || isInside(a, b) || isInside(b, a)
}

const isInside = (field: string, whole: string) =>
  field.startsWith(`${whole}.`) || field.startsWith(`${whole}[`)

/**
 * Returns whether a field is a secret, is inside one or contains one.
 *
 * @param expanded fields with values from the environment
 */
export function isSecret(field: string, expanded: readonly string[]): boolean {
  return [...secretFields, ...expanded].some((secret) => overlaps(field, secret))
}

/**
 * Removes a value that must not be shown: a secret, or an address that may contain credentials.
 * Other addresses lose query and fragment, which may contain tokens.
 */
export function withoutSecret(error: FieldError, hidden: (field: string) => boolean): FieldError {
  const { field, value, message } = error
  if (typeof value === 'object' || hidden(field)) return { field, message }
  if (typeof value !== 'string') return error
  if (value.includes('@')) return { field, message }
  const isAddress = field.endsWith('.url') || value.includes('://')
  return isAddress ? { field, value: value.replace(/([?#]).+$/s, '$1…'), message } : error
}
