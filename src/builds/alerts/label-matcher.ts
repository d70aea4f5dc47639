import { RE2JS } from 're2js'

/** What a rule wants of one label. */
export interface LabelMatcher {
  label: string
  /** @param value '' where the alert has no such label, as in Prometheus */
  matches(value: string): boolean
}

/**
 * Reads a matcher as Alertmanager has them: `HighLatency` or `=HighLatency` equals, `!=x` does not, `=~a|b` matches
 * the whole value, `!~a|b` does not. Patterns are RE2.
 *
 * @throws {RangeError} the pattern does not compile
 */
export function labelMatcher(label: string, text: string): LabelMatcher {
  const [, operator = '=', operand = ''] = /^(=~|!~|!=|=)?(.*)$/s.exec(text) ?? []
  const wanted = operator.startsWith('=')
  if (!operator.endsWith('~')) return { label, matches: (value) => (value === operand) === wanted }
  const pattern = compile(operand)
  return { label, matches: (value) => pattern.matches(value) === wanted }
}

function compile(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern, RE2JS.DOTALL)
  } catch (error) {
    throw new RangeError(`must have an RE2 regular expression after the ~: ${(error as Error).message}`)
  }
}
