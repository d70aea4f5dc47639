import { RE2JS } from 're2js'
import { compilePattern, maxPatternLength } from '../../sources/tag-selector.ts'
import type { Alert } from './notification.ts'
import { fill, parseTemplate, type Template } from './template.ts'

/** A template whose values are data where it is used. */
export interface QuotedTemplate {
  /** @throws {MissingValue} @throws {RangeError} what comes out is too long */
  fill(alert: Alert): string
}

/** As the schema of the parameters has it. */
const maxQueryLength = 4096
/** Deepest group in which a placeholder may stand. */
const maxGroups = 20

/**
 * A template of an RE2 pattern. What alerts say is quoted: it matches itself and nothing else.
 *
 * @throws {RangeError} it is no pattern, or a placeholder stands where quoting does not make a value text
 */
export function patternTemplate(text: string): QuotedTemplate {
  const template = parseTemplate(text)
  for (const [index] of template.placeholders.entries()) {
    const before = template.texts.slice(0, index + 1).join('x')
    const after = template.texts[index + 1] ?? ''
    if (takesText(before) && !/^[*+?{]/.test(after)) continue
    throw new RangeError(
      'must have its placeholders where text stands: not in [...], {...} or \\Q...\\E, nor behind \\ or before * + ?',
    )
  }
  compilePattern(template.texts.join('x'))
  return {
    fill: (alert) =>
      bounded(
        fill(template, alert, (value) => RE2JS.quote(value)),
        maxPatternLength,
      ),
  }
}

/** @throws {RangeError} */
function bounded(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text
  throw new RangeError(`must be at most ${maxLength} characters, and has ${text.length}`)
}

/** Whether a pattern that begins so goes on with text: it is whole but for groups that are open. */
function takesText(before: string): boolean {
  // The rest of a repetition or of an octal escape is digits, which quoting leaves as they are.
  if (/\{\d*,?\d*$|\\\d{1,2}$/.test(before) || before.includes('\\Q')) return false
  // A letter that no escape, flag or name of a group begins with or has in it.
  return Array.from({ length: maxGroups }, (_, open) => `${before}é${')'.repeat(open)}`).some(compiles)
}

function compiles(pattern: string): boolean {
  try {
    RE2JS.compile(pattern)
    return true
  } catch {
    return false
  }
}

/**
 * A template of a TraceQL spanset filter. What alerts say becomes a string of its own: a placeholder stands behind
 * `=` or `!=`, without quotes.
 *
 * @throws {RangeError} a placeholder stands elsewhere: in quotes it could end them, behind `=~` it would be a pattern
 */
export function traceqlTemplate(text: string): QuotedTemplate {
  const template = parseTemplate(text)
  if (!template.placeholders.every((_, index) => standsForString(template, index))) {
    throw new RangeError(
      'must have its placeholders behind = or != and without quotes, such as { span.customer = {{ labels.customer }} }',
    )
  }
  // TraceQL strings are Go strings; JSON's escapes are a subset of Go's.
  return {
    fill: (alert) =>
      bounded(
        fill(template, alert, (value) => JSON.stringify(value.toWellFormed())),
        maxQueryLength,
      ),
  }
}

function standsForString({ texts }: Template, index: number): boolean {
  const before = texts.slice(0, index + 1).join('""')
  const bare = before.replace(/"(?:[^"\\]|\\.)*"|`[^`]*`/gs, '""')
  const after = texts[index + 1] ?? ''
  // A comment could hold the quote that makes what follows look like what it is not.
  const isClear = !/["`]/.test(bare.replaceAll('""', '')) && !bare.includes('//')
  return isClear && /(?<![<>=!~])!?=\s*$/.test(bare) && !/^["'`\w.]/.test(after)
}
