/** Splits a list as it is written in a query string. A comma within braces, such as that of `a{1,2}`, is part of a text. */
export function splitList(text: string): string[] {
  return text.split(/,(?![^{}]*\})/).map((item) => item.trim())
}
