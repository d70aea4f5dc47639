import type { Alert } from './notification.ts'

/** A place in a template for what an alert says: `{{ labels.service }}`. */
export interface Placeholder {
  of: 'labels' | 'annotations'
  name: string
}

/** Text and placeholders, in turns; begins and ends with text. */
export interface Template {
  texts: string[]
  placeholders: Placeholder[]
}

const placeholder = /\{\{\s*(labels|annotations)\.([A-Za-z_][\w.:/-]*)\s*\}\}/g

/** @throws {RangeError} it has braces that are no placeholder */
export function parseTemplate(text: string): Template {
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

/** What a template wants and an alert does not have. */
export class MissingValue extends Error {
  override name = 'MissingValue'

  constructor({ of, name }: Placeholder) {
    super(`the alert has no ${of === 'labels' ? 'label' : 'annotation'} ${name}`)
  }
}

/**
 * @param quote makes of a value text that stands for it, and for nothing else, where it is put
 * @throws {MissingValue} the alert lacks one, or it is empty: for Prometheus that is the same
 */
export function fill(template: Template, alert: Alert, quote: (value: string) => string): string {
  return template.texts.reduce((filled, text, index) => {
    const place = template.placeholders[index - 1]
    if (place === undefined) return filled + text
    const values = alert[place.of] ?? {}
    const value = Object.hasOwn(values, place.name) ? values[place.name] : undefined
    if (!value) throw new MissingValue(place)
    return filled + quote(value) + text
  }, '')
}
