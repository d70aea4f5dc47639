import { RE2JS } from 're2js'
import { checkPatternSize } from '../base/pattern-size.ts'
import { serviceNameAttribute } from '../model/identity.ts'

type TagScope = 'resource' | 'span' | 'any'

/** Longest pattern: RE2 is linear in the text, but its program grows with the pattern. */
export const maxPatternLength = 256

/** An attribute of spans or resources. */
export interface Attribute {
  /** `any`: the attribute of the span, otherwise that of the resource. */
  scope: TagScope
  /** Attribute key, without scope. */
  key: string
}

/** Selects the traces in which a span has a value of the tag that matches the pattern. */
export interface TagSelector extends Attribute {
  /** RE2 pattern, unanchored; null matches every value. */
  pattern: string | null
  /** Whether the pattern matches; linear in the length of `value`. */
  matches(value: string): boolean
}

/** Namespaces of resource attributes (opentelemetry semantic-conventions, resource/). */
const resourceNamespaces = [
  'service',
  'k8s',
  'host',
  'cloud',
  'container',
  'deployment',
  'process',
  'telemetry',
]

/** Patterns that match every value. */
const matchAll = new Set(['', '.*', '^.*$'])

/**
 * @param tag `resource.x`, `span.x` or a bare attribute name
 * @param filter RE2 pattern on the value, unanchored
 * @throws {RangeError} the tag is empty, or the pattern is too long or does not compile
 */
export function tagSelector(tag: string, filter: string): TagSelector {
  const { scope, key } = parseTag(tag)
  if (matchAll.has(filter)) return { scope, key, pattern: null, matches: () => true }
  const regex = compilePattern(filter)
  return { scope, key, pattern: filter, matches: (value) => regex.matcher(value).find() }
}

/** Returns whether a text matches any of the patterns, each unanchored; undefined without patterns. */
export function anyPattern(patterns: readonly string[]): ((text: string) => boolean) | undefined {
  const regexes = patterns.map(compilePattern)
  return regexes.length === 0 ? undefined : (text) => regexes.some((regex) => regex.matcher(text).find())
}

/** Whether every trace is selected, also one without the tag: true for `service.name` and `.*`. */
export function selectsAll(selector: TagSelector): boolean {
  return selector.pattern === null && isServiceName(selector)
}

/** Whether the tag is the service name. */
export function isServiceName({ key, scope }: TagSelector): boolean {
  return key === serviceNameAttribute && scope !== 'span'
}

/** @throws {RangeError} the tag is empty or only a scope */
export function parseTag(tag: string): Attribute {
  const [, scope, scopedKey] = /^(resource|span)\.(.+)$/s.exec(tag) ?? []
  if (scope && scopedKey) return { scope: scope as TagScope, key: scopedKey }
  const key = tag.replace(/^\./, '')
  if (key === '' || key === 'resource.' || key === 'span.') {
    throw new RangeError('must be an attribute name, such as service.name or span.http.route')
  }
  const namespace = key.slice(0, key.indexOf('.'))
  return { scope: resourceNamespaces.includes(namespace) && key.includes('.') ? 'resource' : 'any', key }
}

/** @throws {RangeError} the pattern is too long, its repeats make it too large, or it is not RE2 */
export function compilePattern(pattern: string): RE2JS {
  if (pattern.length > maxPatternLength) {
    throw new RangeError(`must be at most ${maxPatternLength} characters, not ${pattern.length}`)
  }
  checkPatternSize(pattern)
  try {
    // The pattern as Tempo receives it: \Q, for example, compiles alone, but would quote the closing parenthesis.
    RE2JS.compile(`.*(?:${pattern}).*`, RE2JS.DOTALL)
    return RE2JS.compile(pattern, RE2JS.DOTALL)
  } catch (error) {
    // The message quotes the pattern with its wrapping.
    const reason = (error as Error).message.replace('`(?s)', '`').replace('`.*(?:', '`').replace(').*`', '`')
    throw new RangeError(`must be an RE2 regular expression: ${reason}`, { cause: error })
  }
}
