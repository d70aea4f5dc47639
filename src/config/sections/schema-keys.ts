import { splitList } from '../../model/text-list.ts'
import { ConfigFile } from './config-file.ts'

/** The part of a JSON schema that this folder reads. */
export interface KeySchema {
  type?: string
  properties?: Record<string, KeySchema>
  additionalProperties?: boolean | KeySchema
  items?: KeySchema
  anyOf?: { const?: unknown }[]
  enum?: readonly unknown[]
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  default?: unknown
  examples?: unknown[]
  description?: string
  writeOnly?: boolean
}

/** A key with a value: a leaf of the schema, or a map under names that the user chooses, as headers are. */
export interface Key {
  path: string[]
  schema: KeySchema
}

/** Every key of the configuration file, in the order of the file. */
export const keys: readonly Key[] = keysOf(ConfigFile as KeySchema, [])

/** Returns the schema of the value at `path`, inside headers and graphs too; undefined for an unknown key. */
export function schemaAt(path: readonly string[]): KeySchema | undefined {
  return path.reduce<KeySchema | undefined>((at, key) => {
    const { properties = {}, additionalProperties } = at ?? {}
    if (Object.hasOwn(properties, key)) return properties[key]
    return typeof additionalProperties === 'object' ? additionalProperties : undefined
  }, ConfigFile as KeySchema)
}

/** Whether a schema is a section of the file, rather than a key with a value of its own. */
export function isSection({ properties, default: byDefault }: KeySchema): boolean {
  return properties !== undefined && byDefault !== undefined
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
 * Compares two fields by their order in the file. A section comes before its keys, and unknown keys come last.
 *
 * @returns a number for `sort`
 */
export function inFileOrder(a: string, b: string): number {
  const [first, second] = [placesOf(a), placesOf(b)]
  const at = first.findIndex((place, depth) => place !== second[depth])
  return at === -1 ? first.length - second.length : (first[at] ?? -1) - (second[at] ?? -1)
}

/** Returns the position of each part of a field's path in its section. */
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
 * Converts text to the type of its key. Text that cannot be converted stays text, so that the schema reports it.
 */
export function readText(text: string, schema: KeySchema | undefined): unknown {
  if (schema?.type === 'number' || schema?.type === 'integer') {
    return /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text) ? Number(text) : text
  }
  if (schema?.type === 'boolean') {
    const word = text.trim().toLowerCase()
    return word === 'true' ? true : word === 'false' ? false : text
  }
  if (schema?.type === 'array' && schema.items?.type === 'string') return readTextList(text)
  return schema?.type === 'object' || schema?.type === 'array' ? readJson(text) : text
}

/** Reads a JSON list, or texts separated by commas. */
const readTextList = (text: string) => (text.trimStart().startsWith('[') ? readJson(text) : splitList(text))

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
