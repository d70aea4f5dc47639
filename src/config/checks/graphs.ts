import { Cron } from 'croner'
import type { FieldError } from '../../base/errors.ts'
import { maxGraphNameLength, servicesGraphName } from '../../model/parameters.ts'
import { compilePattern, parseTag } from '../../sources/tag-selector.ts'
import type { ConfigFile } from '../sections/config-file.ts'
import type { GraphEntry, ScheduleSection } from '../sections/graphs.ts'
import { queryListErrors } from './query-lists.ts'

/** Checks patterns, schedules, sinks and tenants of named graphs, and that two of them do not write the same graph. */
export function graphErrors(file: ConfigFile, hidden: (field: string) => boolean): FieldError[] {
  return Object.entries(file.graphs).flatMap(([name, entry]) => {
    const entryField = `graphs.${name}`
    return [
      ...patternErrors(entry, hidden(`${entryField}.query.filter`)),
      ...scheduleErrors(entry.schedule, hidden(`${entryField}.schedule.cron`)),
      ...sinkErrors(entry, file),
      ...tenantErrors(entry, file),
      ...servicesErrors(name, entry, file),
    ].map((error) => ({ ...error, field: error.field === '' ? entryField : `${entryField}.${error.field}` }))
  })
}

function patternErrors({ query = {} }: GraphEntry, isHidden: boolean): FieldError[] {
  const errors: FieldError[] = []
  const check = (field: string, value: string | undefined, parse: (text: string) => unknown) => {
    try {
      if (value !== undefined) parse(value)
    } catch (error) {
      const { message } = error as RangeError
      errors.push({ field, value, message: isHidden ? 'must be an RE2 regular expression' : message })
    }
  }
  check('query.tag', query.tag, parseTag)
  check('query.filter', query.filter, compilePattern)
  check('query.group_by', query.group_by, parseTag)
  return [...errors, ...queryListErrors(query)]
}

function scheduleErrors(schedule: ScheduleSection | undefined, isCronHidden: boolean): FieldError[] {
  if (schedule === undefined) return []
  const { every_sec: everySec, cron, timezone } = schedule
  if ((everySec === undefined) === (cron === undefined)) {
    return [{ field: 'schedule', message: 'must have one of every_sec and cron' }]
  }
  if (cron !== undefined) return cronErrors(cron, timezone, isCronHidden)
  if (timezone === undefined) return []
  return [{ field: 'schedule.timezone', value: timezone, message: 'cannot be combined with every_sec' }]
}

function cronErrors(cron: string, timezone = 'UTC', isHidden: boolean): FieldError[] {
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone })
  } catch {
    const message = 'must be an IANA time zone, such as Europe/Berlin'
    return [{ field: 'schedule.timezone', value: timezone, message }]
  }
  const wrong = (reason: string) => [{ field: 'schedule.cron', value: cron, message: reason }]
  try {
    const next = new Cron(cron, { timezone }).nextRun()
    return next === null ? wrong('must match a time in the future') : []
  } catch (error) {
    // The message quotes the pattern.
    const reason = isHidden ? '' : `: ${(error as Error).message.replace(/^Cron\w+: /, '')}`
    return wrong(`must be a cron pattern, such as */5 * * * *${reason}`)
  }
}

function sinkErrors({ sinks = [] }: GraphEntry, file: ConfigFile): FieldError[] {
  const configured = file.nodegraph_provider.url === undefined ? [] : ['nodegraph-provider']
  const allowed = configured.length === 0 ? 'no sink is configured' : `configured: ${configured.join(', ')}`
  return sinks.flatMap((sink, index) => {
    if (configured.includes(sink)) return []
    return [{ field: `sinks[${index}]`, value: sink, message: `must be a configured sink (${allowed})` }]
  })
}

function tenantErrors({ tenant }: GraphEntry, { tempo }: ConfigFile): FieldError[] {
  if (tenant === undefined) return []
  if (tempo.url === undefined) return [{ field: 'tenant', value: tenant, message: 'needs tempo.url' }]
  if (tempo.headers['x-scope-orgid'] === undefined) return []
  const message = 'cannot be combined with tempo.headers.x-scope-orgid, which applies to all graphs'
  return [{ field: 'tenant', value: tenant, message }]
}

/** At level both, a graph has a second one. */
function servicesErrors(name: string, { query }: GraphEntry, file: ConfigFile): FieldError[] {
  if ((query?.level ?? file.query.level) !== 'both') return []
  const services = servicesGraphName(name)
  if (services.length > maxGraphNameLength) {
    const most = maxGraphNameLength - servicesGraphName('').length
    return [{ field: '', message: `must have a name of at most ${most} characters at level both` }]
  }
  if (!Object.hasOwn(file.graphs, services)) return []
  return [
    { field: 'query.level', value: 'both', message: `cannot be both, because graphs has ${services} too` },
  ]
}
