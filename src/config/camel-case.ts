/** `max_age_sec` becomes `maxAgeSec`. */
type CamelCase<Name> = Name extends `${infer Word}_${infer Rest}`
  ? `${Word}${Capitalize<CamelCase<Rest>>}`
  : Name

export type InCamelCase<Section> = { [Key in keyof Section as CamelCase<Key>]: Section[Key] }

/**
 * Renames the keys of one section from the file's snake_case to the camelCase of code and JSON.
 * Nested sections stay as they are.
 */
export function inCamelCase<Section extends object>(section: Section): InCamelCase<Section> {
  const renamed = Object.entries(section).map(([key, value]) => [camelCase(key), value])
  return Object.fromEntries(renamed)
}

const camelCase = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
