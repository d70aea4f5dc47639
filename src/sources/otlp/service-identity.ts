import type { StringTable } from '../../graph/columns/string-table.ts'
import { NodeNames } from '../../graph/spans/node-name.ts'
import { earlierNames, partAttributes } from '../../model/identity.ts'
import { AttributeKeys } from './key-value.ts'

/** Returns the resource attributes that are read for an identity, without `service.name`: its parts, then earlier names. */
export function identityAttributes(identity: readonly string[] = []): string[] {
  const parts = partAttributes(identity)
  const earlier = parts.flatMap((key) => earlierNames[key] ?? []).filter((key) => !parts.includes(key))
  return [...parts, ...earlier]
}

/**
 * Joins the attributes that identify a service into its name. For each resource or span, call `start`, then `set` for
 * each attribute that `attributeOf` knows, in any order, then `nameOf`.
 */
export class ServiceIdentity {
  private readonly parts: number
  /** For each part the number of its attribute under its earlier name, -1 without one. */
  private readonly earlier: number[]
  private readonly keys: AttributeKeys
  private readonly names: NodeNames
  /** The value of each attribute, index into the strings; 0 = absent. */
  private readonly values: Int32Array
  private isNamed = false

  /** @param spell returns an attribute as messages spell it */
  constructor(strings: StringTable, identity: readonly string[], spell = (attribute: string) => attribute) {
    const attributes = identityAttributes(identity)
    const parts = partAttributes(identity)
    this.parts = parts.length
    this.earlier = parts.map((key) => attributes.indexOf(earlierNames[key] ?? ''))
    this.keys = new AttributeKeys(attributes.map(spell))
    this.names = new NodeNames(strings)
    this.values = new Int32Array(attributes.length)
  }

  start(): void {
    if (this.isNamed) this.values.fill(0)
    this.isNamed = false
  }

  /** Returns the number in `identityAttributes` of the key from `start` to `end`, or -1. */
  attributeOf(view: DataView, start: number, end: number): number {
    return this.keys.indexOf(view, start, end)
  }

  /** @param value index into the strings, 0 = absent */
  set(attribute: number, value: number): void {
    this.values[attribute] = value
    if (value !== 0) this.isNamed = true
  }

  /** Returns the name of the service with this `service.name`, both indexes into the strings; 0 without one. */
  nameOf(service: number): number {
    if (service === 0 || !this.isNamed) return service
    let name = service
    for (let part = 0; part < this.parts; part++) {
      const value = this.values[part]! || this.values[this.earlier[part]!] || 0
      name = this.names.withPart(name, value, part + 1)
    }
    return name
  }
}

/**
 * Creates what reads the parts of a name.
 *
 * @param identity the attributes of the name
 * @param spell returns an attribute as messages spell it
 * @returns undefined if `service.name` alone is the name
 */
export function createServiceIdentity(
  strings: StringTable,
  identity: readonly string[] = [],
  spell?: (attribute: string) => string,
): ServiceIdentity | undefined {
  return partAttributes(identity).length === 0 ? undefined : new ServiceIdentity(strings, identity, spell)
}
