import { ConfigFile } from './schema.ts'

/** What is used of the schema of one key. */
export interface KeySchema {
  type?: string
  properties?: Record<string, KeySchema>
  additionalProperties?: boolean | KeySchema
  writeOnly?: boolean
}

/** A key that holds a value: a leaf of the schema, or a map of names the user chooses (headers). */
export interface Key {
  path: string[]
  schema: KeySchema
}

/** Every key of the configuration file, in its order. */
export const keys: readonly Key[] = keysOf(ConfigFile as KeySchema, [])

/** The schema of the value at `path`, also of one inside a map of headers or graphs; undefined for unknown keys. */
export function schemaAt(path: readonly string[]): KeySchema | undefined {
  return path.reduce<KeySchema | undefined>((at, key) => {
    const { properties = {}, additionalProperties } = at ?? {}
    if (Object.hasOwn(properties, key)) return properties[key]
    return typeof additionalProperties === 'object' ? additionalProperties : undefined
  }, ConfigFile as KeySchema)
}

/** Whether a key contains sections under names that the user chooses, as `graphs` does. */
export function isSectionMap({ additionalProperties }: KeySchema): boolean {
  return typeof additionalProperties === 'object' && additionalProperties.properties !== undefined
}

/** Whether a key contains text under names that the user chooses, as headers do. */
export function isTextMap({ additionalProperties }: KeySchema): boolean {
  return typeof additionalProperties === 'object' && additionalProperties.type === 'string'
}

/**
 * Compares two fields by where they stand in the file: a section before its keys, and what the schema does not know
 * after what it knows of the same section.
 *
 * @returns below, above or equal to 0, for `sort`
 */
export function inFileOrder(a: string, b: string): number {
  const [first, second] = [placesOf(a), placesOf(b)]
  const at = first.findIndex((place, depth) => place !== second[depth])
  return at === -1 ? first.length - second.length : (first[at] ?? -1) - (second[at] ?? -1)
}

/** The place of each key of a field's path in its section. */
function placesOf(field: string): number[] {
  let section: KeySchema['properties'] = (ConfigFile as KeySchema).properties
  return field.split('.').map((key) => {
    const known = Object.keys(section ?? {})
    const place = known.indexOf(key)
    section = section?.[key]?.properties
    return place === -1 ? known.length : place
  })
}

/**
 * Turns text into the type its key wants. What does not read as that type stays text, for the check to report.
 */
export function readText(text: string, schema: KeySchema | undefined): unknown {
  if (schema?.type === 'number' || schema?.type === 'integer') {
    return /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text) ? Number(text) : text
  }
  if (schema?.type === 'boolean') {
    const word = text.trim().toLowerCase()
    return word === 'true' ? true : word === 'false' ? false : text
  }
  return schema?.type === 'object' || schema?.type === 'array' ? readJson(text) : text
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function keysOf(schema: KeySchema, path: string[]): Key[] {
  if (schema.properties === undefined) return [{ path, schema }]
  return Object.entries(schema.properties).flatMap(([key, below]) => keysOf(below, [...path, key]))
}
