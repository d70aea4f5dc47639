const notWithin = '(?<![\\p{L}\\p{N}])'
const notFollowed = '(?![\\p{L}\\p{N}])'
const hex = '[0-9A-Fa-f]'
const time = 'T\\d{2}:\\d{2}(?::\\d{2}(?:[.,]\\d+)?)?(?:Z|[+-]\\d{2}:?\\d{2})?'

const email = '[\\w.%+-]+@[A-Za-z0-9-]+(?:\\.[A-Za-z0-9-]+)+'
const wholeParts = [
  // A UUID.
  `${hex}{8}-(?:${hex}{4}-){3}${hex}{12}`,
  // A date, with or without a time.
  `\\d{4}-\\d{2}-\\d{2}(?:${time})?`,
  // A number, a version, a time or an address.
  '\\d+(?:[.:]\\d+)*',
  `0x${hex}+`,
  // A hexadecimal string. Six letters without a digit may be a word, such as facade.
  `(?:(?=[A-Fa-f]*\\d)${hex}{6,}|${hex}{8,})`,
].join('|')

/** The variable parts of a name that no letter and no digit is next to. */
const variable = new RegExp(`${email}|${notWithin}(?:${wholeParts})${notFollowed}`, 'gu')

/** A run that may be a long token, such as one in base64. */
const run = /[A-Za-z0-9_-]{16,}/g
/** A digit before a small letter, or after a capital one. Names that people choose rarely have two of them. */
const mixed = /\d[a-z]|[A-Z]\d/g
/** A longer run of letters and digits is hardly a word. */
const endless = /^(?=\D*\d\D*\d)[A-Za-z0-9]{32,}$/

/**
 * Replaces the variable parts of a span name by `*`, so that names that differ only in ids become one. Such parts are
 * numbers, UUIDs, hexadecimal strings, e-mail addresses, dates and long tokens. None of them contains a slash or white space. The result
 * depends on the name only.
 */
export function nameTemplate(name: string): string {
  return name.replace(variable, '*').replace(run, (token) => (isToken(token) ? '*' : token))
}

function isToken(text: string): boolean {
  const places = text.match(mixed)?.length ?? 0
  return places >= 2 || (places === 1 && text.length >= 24) || endless.test(text)
}
