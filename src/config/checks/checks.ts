import type { FieldError } from '../../base/errors.ts'
import { compilePattern, maxPatternLength, parseTag } from '../../sources/tag-selector.ts'
import { overlaps } from '../config-error.ts'
import { hasCredentials, parseBaseUrl, readAuthority } from '../connection.ts'
import type { ConfigFile } from '../sections/config-file.ts'
import { tokenErrors } from './access-tokens.ts'
import { graphErrors } from './graphs.ts'
import { queryListErrors } from './query-lists.ts'
import { ruleErrors, signatureErrors } from './webhooks.ts'

/** A check of what a schema cannot express. */
interface Check {
  /** Fields that the check reads. It is left out if the schema refuses one of them. */
  reads: string[]
  check(file: ConfigFile, hidden: (field: string) => boolean): FieldError[]
}

const checks: Check[] = [
  { reads: ['server.auth.tokens'], check: ({ server }) => tokenErrors(server.auth) },
  { reads: ['query.tag'], check: ({ query }) => complaint('query.tag', query.tag, parseTag) },
  {
    reads: ['query.filter'],
    check: ({ query }, hidden) =>
      complaint('query.filter', query.filter, hidden('query.filter') ? compileHiddenPattern : compilePattern),
  },
  {
    reads: ['query.group_by'],
    check: ({ query }) => complaint('query.group_by', query.group_by, parseTag),
  },
  {
    reads: [
      'query.identity',
      'query.exclude',
      'query.transparent',
      'query.peer_aliases',
      'query.failed_when',
    ],
    check: ({ query }) => queryListErrors(query),
  },
  {
    reads: ['tempo.url'],
    check: ({ tempo: { url } }) =>
      complaint('tempo.url', url, (text) => parseBaseUrl(text, 'http://localhost:3200')),
  },
  {
    reads: ['nodegraph_provider.url'],
    check: ({ nodegraph_provider: { url } }) =>
      complaint('nodegraph_provider.url', url, (text) => parseBaseUrl(text, 'http://localhost:9393')),
  },
  {
    reads: ['grafana.url'],
    check: ({ grafana: { url } }) =>
      complaint('grafana.url', url, (text) => parseBaseUrl(text, 'http://localhost:3000')),
  },
  {
    reads: ['tempo.url', 'tempo.headers', 'tempo.basic_auth', 'tempo.bearer_token'],
    check: ({ tempo }) =>
      atMostOne('tempo', {
        'credentials in tempo.url': hasCredentials(tempo.url),
        'tempo.headers.authorization': tempo.headers.authorization !== undefined,
        'tempo.basic_auth': tempo.basic_auth !== undefined,
        'tempo.bearer_token': tempo.bearer_token !== undefined,
      }),
  },
  {
    reads: ['nodegraph_provider.url', 'nodegraph_provider.headers'],
    check: ({ nodegraph_provider: { url, headers } }) =>
      atMostOne('nodegraph_provider', {
        'credentials in nodegraph_provider.url': hasCredentials(url),
        'nodegraph_provider.headers.authorization': headers.authorization !== undefined,
      }),
  },
  {
    reads: ['tempo.tenant', 'tempo.tenants', 'tempo.headers'],
    check: ({ tempo }) => tenantErrors(tempo),
  },
  { reads: ['tempo'], check: needsUrl },
  { reads: ['nodegraph_provider'], check: needsProviderUrl },
  {
    reads: ['tempo.ca_file'],
    check: ({ tempo }) => complaint('tempo.ca_file', tempo.ca_file, readAuthority),
  },
  {
    reads: ['graphs', 'query.level', 'nodegraph_provider.url', 'tempo.url', 'tempo.headers'],
    check: graphErrors,
  },
  { reads: ['webhooks.rules'], check: ({ webhooks }, hidden) => ruleErrors(webhooks, hidden) },
  { reads: ['webhooks.auth'], check: ({ webhooks }) => signatureErrors(webhooks) },
]

/**
 * Runs every check whose fields passed the schema.
 *
 * @param file with defaults
 * @param wrong fields that the schema refuses
 * @param hidden whether the value of a field must not be shown, not even in part
 */
export function failedChecks(
  file: ConfigFile,
  wrong: string[],
  hidden: (field: string) => boolean,
): FieldError[] {
  const possible = checks.filter(
    ({ reads }) => !reads.some((read) => wrong.some((field) => overlaps(read, field))),
  )
  return possible.flatMap(({ check }) => check(file, hidden))
}

/** Does what `compilePattern` does, but the error does not quote the pattern. */
function compileHiddenPattern(pattern: string): void {
  try {
    compilePattern(pattern)
  } catch {
    throw new RangeError(`must be an RE2 regular expression of at most ${maxPatternLength} characters`)
  }
}

function complaint(field: string, value: string | undefined, parse: (text: string) => unknown): FieldError[] {
  try {
    if (value !== undefined) parse(value)
    return []
  } catch (error) {
    return [{ field, value, message: (error as RangeError).message }]
  }
}

function atMostOne(field: string, ways: Record<string, boolean>): FieldError[] {
  const used = Object.keys(ways).filter((way) => ways[way])
  if (used.length < 2) return []
  return [{ field, message: `must have one way to authenticate, but has ${used.join(' and ')}` }]
}

/** Checks that no header sets a tenant: it would replace the tenant of every graph and request. */
function tenantErrors({ tenant, tenants, headers }: ConfigFile['tempo']): FieldError[] {
  if (headers['x-scope-orgid'] === undefined) return []
  const others = { 'tempo.tenant': tenant !== undefined, 'tempo.tenants': tenants.length > 0 }
  return Object.entries(others).flatMap(([field, isGiven]) =>
    isGiven ? [{ field, message: 'cannot be combined with tempo.headers.x-scope-orgid' }] : [],
  )
}

/** Checks that a section with credentials has an address: with the embedded source, the mistake would go unnoticed. */
function needsUrl({ tempo }: ConfigFile): FieldError[] {
  const setKey = tempo.basic_auth ?? tempo.bearer_token ?? tempo.tenant ?? tempo.ca_file
  const lists = Object.keys(tempo.headers).length + tempo.tenants.length
  if (tempo.url !== undefined || (setKey === undefined && lists === 0)) return []
  return [{ field: 'tempo.url', message: 'is missing, but other keys configure access to Tempo' }]
}

function needsProviderUrl({ nodegraph_provider: { url, headers } }: ConfigFile): FieldError[] {
  if (url !== undefined || headers.authorization === undefined) return []
  return [
    {
      field: 'nodegraph_provider.url',
      message: 'is missing, but nodegraph_provider.headers has authorization',
    },
  ]
}
