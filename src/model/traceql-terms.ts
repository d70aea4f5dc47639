/** Where an attribute is looked for; `any`: the span's, else the resource's. */
export type AttributeScope = 'resource' | 'span' | 'any'

/** TraceQL strings are Go strings; JSON's escapes are a subset of Go's. */
export function quoted(text: string): string {
  return JSON.stringify(text.toWellFormed())
}

/** An attribute as TraceQL writes it: `resource.k8s.pod.name`, `span."with space"`, `.any`. */
export function attributeTerm(scope: AttributeScope, key: string): string {
  const name = /^[A-Za-z_][A-Za-z0-9_.-]*$/.test(key) ? key : quoted(key)
  return `${scope === 'any' ? '' : scope}.${name}`
}

/**
 * A condition on an attribute whose value was read as text. TraceQL compares types as well, so what looks like a
 * number or a truth value is asked for as both.
 */
export function hasValue(attribute: string, text: string): string {
  const asText = `${attribute} = ${quoted(text)}`
  return literal.test(text) ? `(${asText} || ${attribute} = ${text})` : asText
}

const literal = /^(?:true|false|-?(?:0|[1-9]\d{0,17})(?:\.\d{1,17})?)$/

/** A condition on an attribute by an RE2 pattern, which TraceQL anchors at both ends. */
export function matchesPattern(attribute: string, pattern: string): string {
  return `${attribute} =~ ${quoted(pattern)}`
}

/** The text as a pattern that matches nothing else. */
export function patternOf(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
