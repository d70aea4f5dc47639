/** More are not named in an error. */
const maxNamed = 20

/** Tempo reads several tenants, joined by `|`, as one, in whatever order they stand (grafana/dskit, tenant/tenant.go). */
export function normalTenant(tenant: string): string {
  return [...new Set(tenant.split('|'))].sort().join('|')
}

/**
 * What is wrong with asking for a tenant.
 *
 * @param asked normal
 * @param own what the graph is built with unasked; asking for that is no more than not asking
 * @param listed that any request may ask for, one by one or joined
 * @returns undefined: nothing
 */
export function tenantProblem(
  asked: string,
  own: string | undefined,
  listed: readonly string[],
): string | undefined {
  if (own !== undefined && asked === normalTenant(own)) return undefined
  const allowed = listed.map(normalTenant)
  if (allowed.includes(asked) || asked.split('|').every((tenant) => allowed.includes(tenant)))
    return undefined
  if (listed.length === 0) return 'must be left out: the configuration has no tempo.tenants to choose from'
  const named = listed.slice(0, maxNamed).join(', ')
  return `must be one of tempo.tenants, or several joined by |: ${named}${listed.length > maxNamed ? ', …' : ''}`
}
