import { badRequest, type FieldError } from '../../base/errors.ts'
import { parseFailureRule } from '../../model/failure-rules.ts'
import {
  type AggregationParameters,
  maxGraphNameLength,
  type ParameterDefaults,
  servicesGraphName,
} from '../../model/parameters.ts'
import { identityProblem } from '../../sources/identity.ts'
import { parsePeerAlias } from '../../sources/peer-aliases.ts'
import {
  type Attribute,
  compilePattern,
  parseTag,
  type TagSelector,
  tagSelector,
} from '../../sources/tag-selector.ts'
import type { Window } from '../../sources/trace-source.ts'
import { clipWindow, requestedWindow } from './search-window.ts'

/** Most tenants that an error message lists. */
const maxListedTenants = 20

/** One build in full: the parameters of the caller over the configured ones, checked. */
export interface AggregationRequest {
  parameters: ParameterDefaults
  selector: TagSelector
  /** The attribute whose values are the groups of nodes. */
  group: Attribute | undefined
  /** The attribute that says how a span was sampled. */
  sampling: Attribute | undefined
  window: Window
  warnings: string[]
}

/** The tenants that a request may name. */
export interface TenantChoice {
  /** The configured tenant of the graph. */
  own: string | undefined
  /** Tenants that every request may name, one by one or joined. */
  listed: readonly string[]
}

/**
 * Completes the parameters of a caller with the configured ones, and checks them.
 *
 * @param nowMs Unix ms
 * @throws {TtaError} TTA_BAD_REQUEST with every field that is wrong
 */
export function resolveRequest(
  requested: AggregationParameters,
  defaults: ParameterDefaults,
  nowMs: number,
  tenants: TenantChoice = { own: defaults.tenant, listed: [] },
): AggregationRequest {
  const errors: FieldError[] = []
  const parameters = { ...defaults, ...requested }
  if (parameters.searchMode === 'ingester') parameters.searchMode = 'ingesters'
  checkServicesName(parameters, errors)
  if (parameters.tenant !== undefined) {
    parameters.tenant = checkedTenant(parameters.tenant, tenants, errors)
  }
  const selector = checkedSelector(parameters, errors)
  const identityMessage = identityProblem(parameters.identity)
  if (identityMessage) {
    errors.push({ field: 'identity', value: parameters.identity, message: identityMessage })
  }
  checkItems('exclude', parameters.exclude, compilePattern, errors)
  checkItems('transparent', parameters.transparent, compilePattern, errors)
  checkItems('peerAliases', parameters.peerAliases, parsePeerAlias, errors)
  checkItems('failedWhen', parameters.failedWhen, parseFailureRule, errors)
  const unclipped = requestedWindow(requested, parameters, nowMs, errors)
  if (!selector || !unclipped || errors.length > 0) throw badRequest(errors)
  const { window, warnings } = clipWindow(unclipped, parameters.searchMode, nowMs)
  return { parameters, selector, ...attributesOf(parameters), window, warnings }
}

/** Returns the attributes that parameters name, in addition to the tag. @throws {RangeError} */
export function attributesOf({
  groupBy,
  samplingAttribute,
}: Pick<ParameterDefaults, 'groupBy' | 'samplingAttribute'>): Pick<AggregationRequest, 'group' | 'sampling'> {
  const attribute = (name: string | undefined) => (name === undefined ? undefined : parseTag(name))
  return { group: attribute(groupBy), sampling: attribute(samplingAttribute) }
}

/** Returns the same text for equal requests. Times are compared as they were written, so `now-1h` equals `now-1h`. */
export function parametersKey(parameters: ParameterDefaults): string {
  return JSON.stringify(Object.entries(parameters).sort())
}

/** Returns the same text for requests whose graphs differ only in their window. */
export function unwindowedKey({ from, to, searchFrom, compare, dryRun, ...rest }: ParameterDefaults): string {
  return JSON.stringify(Object.entries(rest).sort())
}

/** @param parse throws a RangeError for a wrong item */
function checkItems(
  field: string,
  items: readonly string[],
  parse: (item: string) => unknown,
  errors: FieldError[],
): void {
  for (const [index, value] of items.entries()) {
    try {
      parse(value)
    } catch (error) {
      errors.push({ field: `${field}[${index}]`, value, message: (error as RangeError).message })
    }
  }
}

function checkServicesName({ graph, level }: ParameterDefaults, errors: FieldError[]): void {
  if (level !== 'both' || servicesGraphName(graph).length <= maxGraphNameLength) return
  const most = maxGraphNameLength - servicesGraphName('').length
  const message = `must have at most ${most} characters at level both, which also stores ${servicesGraphName('<graph>')}`
  errors.push({ field: 'graph', value: graph, message })
}

/** @returns the tenant in its normal form: `b|a` is `a|b` */
function checkedTenant(tenant: string, choice: TenantChoice, errors: FieldError[]): string {
  const normal = normalTenant(tenant)
  const message = tenantProblem(normal, choice)
  if (message) errors.push({ field: 'tenant', value: tenant, message })
  return normal
}

/** Tempo reads several tenants, joined by `|`, in any order (grafana/dskit, tenant/tenant.go). */
function normalTenant(tenant: string): string {
  return [...new Set(tenant.split('|'))].sort().join('|')
}

/**
 * @param tenant in its normal form
 * @returns why the request must not name it; undefined if it may
 */
function tenantProblem(tenant: string, { own, listed }: TenantChoice): string | undefined {
  if (own !== undefined && tenant === normalTenant(own)) return undefined
  const allowed = listed.map(normalTenant)
  if (allowed.includes(tenant) || tenant.split('|').every((part) => allowed.includes(part))) return undefined
  if (listed.length === 0) return 'must be left out, because the configuration has no tempo.tenants'
  const named = listed.slice(0, maxListedTenants).join(', ')
  const more = listed.length > maxListedTenants ? ', …' : ''
  return `must be one of tempo.tenants, or several joined by |: ${named}${more}`
}

function checkedSelector(
  { tag, filter, groupBy, samplingAttribute }: ParameterDefaults,
  errors: FieldError[],
): TagSelector | undefined {
  const before = errors.length
  const check = (field: string, value: string, parse: (value: string) => unknown) => {
    try {
      parse(value)
    } catch (error) {
      errors.push({ field, value, message: (error as RangeError).message })
    }
  }
  check('tag', tag, parseTag)
  check('filter', filter, compilePattern)
  if (groupBy !== undefined) check('groupBy', groupBy, parseTag)
  if (samplingAttribute !== undefined) check('samplingAttribute', samplingAttribute, parseTag)
  return errors.length === before ? tagSelector(tag, filter) : undefined
}
