import { serviceNameAttribute } from '../model/identity.ts'

/** @returns why these attributes cannot identify a service, or undefined */
export function identityProblem(identity: readonly string[]): string | undefined {
  const scoped = identity.find((key) => /^(resource|span)?\./.test(key))
  if (scoped !== undefined) return `must be names of resource attributes without a scope, unlike ${scoped}`
  if (!identity.includes(serviceNameAttribute)) return `must contain ${serviceNameAttribute}`
  return undefined
}
