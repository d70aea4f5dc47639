import { RE2JS } from 're2js'
import { compilePattern, maxPatternLength } from '../../sources/tag-selector.ts'
import type { Alert } from './notification.ts'

/** A template whose values are quoted, so that an alert cannot change the meaning of the text around them. */
export interface QuotedTemplate {
  /**
   * @throws {MissingValue} the alert lacks a value
   * @throws {RangeError} the filled template is too long
   */
  fill(alert: Alert): string
}

/** Place in a template that receives a value of the alert: `{{ labels.service }}`. */
interface Placeholder {
  of: 'labels' | 'annotations'
  name: string
}

/** Texts and the placeholders between them: one more text than placeholders. */
interface Template {
  texts: string[]
  placeholders: Placeholder[]
}

const placeholder = /\{\{\s*(labels|annotations)\.([A-Za-z_][\w.:/-]*)\s*\}\}/g
/** Longest query that the schema of the parameters allows. */
const maxQueryLength = 4096
/** Deepest group that may hold a placeholder. */
const maxGroups = 20

/** An alert lacks a value that a template names. */
export class MissingValue extends Error {
  override name = 'MissingValue'

  constructor({ of, name }: Placeholder) {
    super(`the alert has no ${of === 'labels' ? 'label' : 'annotation'} ${name}`)
  }
}

/**
 * Reads a template of an RE2 pattern. Values are quoted: each matches itself and nothing else.
 *
 * @throws {RangeError} it is not a pattern, or a placeholder is where quoting does not make a value plain text
 */
export function patternTemplate(text: string): QuotedTemplate {
  const template = parseTemplate(text)
  for (const [index] of template.placeholders.entries()) {
    const before = template.texts.slice(0, index + 1).join('x')
    const after = template.texts[index + 1] ?? ''
    if (takesText(before) && !/^[*+?{]/.test(after)) continue
    throw new RangeError(
      'must have its placeholders where plain text is: not in [...], {...} or \\Q...\\E, not after \\, not before * + ?',
    )
  }
  compilePattern(template.texts.join('x'))
  return {
    fill: (alert) => {
      const filled = fillTemplate(template, alert, (value) => RE2JS.quote(value))
      return bounded(filled, maxPatternLength)
    },
  }
}

/** Whether plain text may follow the beginning of a pattern: it is complete except for open groups. */
function takesText(before: string): boolean {
  // Digits continue a repetition or an octal escape, and quoting does not change digits.
  if (/\{\d*,?\d*$|\\\d{1,2}$/.test(before) || before.includes('\\Q')) return false
  // No escape, flag or group name contains the letter é.
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
 * Reads a template of a TraceQL spanset filter. A value becomes a whole string: its placeholder follows `=` or `!=`,
 * without quotes.
 *
 * @throws {RangeError} a placeholder is elsewhere: in quotes it could end them, after `=~` it would be a pattern
 */
export function traceqlTemplate(text: string): QuotedTemplate {
  const template = parseTemplate(text)
  if (!template.placeholders.every((_, index) => isWholeString(template, index))) {
    throw new RangeError(
      'must have its placeholders after = or != and without quotes, such as { span.customer = {{ labels.customer }} }',
    )
  }
  // TraceQL strings are Go strings; the escapes of JSON are a subset of Go's.
  return {
    fill: (alert) => {
      const filled = fillTemplate(template, alert, (value) => JSON.stringify(value.toWellFormed()))
      return bounded(filled, maxQueryLength)
    },
  }
}

function isWholeString({ texts }: Template, index: number): boolean {
  const before = texts.slice(0, index + 1).join('""')
  const bare = before.replace(/"(?:[^"\\]|\\.)*"|`[^`]*`/gs, '""')
  const after = texts[index + 1] ?? ''
  // A quote in a comment would make the text after it look like a string.
  const isClear = !/["`]/.test(bare.replaceAll('""', '')) && !bare.includes('//')
  return isClear && /(?<![<>=!~])!?=\s*$/.test(bare) && !/^["'`\w.]/.test(after)
}

/** @throws {RangeError} the text has braces that are not a placeholder */
function parseTemplate(text: string): Template {
  const template: Template = { texts: [], placeholders: [] }
  let end = 0
  for (const { 0: match, 1: of, 2: name = '', index } of text.matchAll(placeholder)) {
    template.texts.push(text.slice(end, index))
    template.placeholders.push({ of: of === 'annotations' ? of : 'labels', name })
    end = index + match.length
  }
  template.texts.push(text.slice(end))
  if (template.texts.some((part) => part.includes('{{'))) {
    throw new RangeError('has a {{ that is neither {{ labels.NAME }} nor {{ annotations.NAME }}')
  }
  return template
}

/** @throws {MissingValue} the alert lacks a value, or it is empty: Prometheus does not tell the two apart */
function fillTemplate(template: Template, alert: Alert, quote: (value: string) => string): string {
  return template.texts.reduce((filled, text, index) => {
    const place = template.placeholders[index - 1]
    if (place === undefined) return filled + text
    const values = alert[place.of] ?? {}
    const value = Object.hasOwn(values, place.name) ? values[place.name] : undefined
    if (!value) throw new MissingValue(place)
    return filled + quote(value) + text
  }, '')
}

/** @throws {RangeError} */
function bounded(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text
  throw new RangeError(`must be at most ${maxLength} characters, and has ${text.length}`)
}
