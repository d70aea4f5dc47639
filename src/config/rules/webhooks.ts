import { type FieldError, TtaError } from '../../base/errors.ts'
import { type AlertRuleOptions, alertRule } from '../../builds/alerts/alert-rule.ts'
import type { SenderAuth } from '../../builds/alerts/sender-check.ts'
import { parseTag } from '../../sources/tag-selector.ts'
import type { RuleSection, WebhooksSection } from '../sections/webhooks-schema.ts'

/** What alerts may rebuild, and who may send them. `auth` holds secrets: never log it. */
export interface WebhooksConfig {
  auth: SenderAuth
  minIntervalSec: number
  deduplicateSec: number
  rules: AlertRuleOptions[]
}

/** @param section checked by the schema and by `ruleErrors` */
export function webhooks({ auth, min_interval, deduplicate, rules }: WebhooksSection): WebhooksConfig {
  const secret = auth.hmac_secret
  return {
    auth: {
      bearerToken: auth.bearer_token,
      basic: auth.basic_auth,
      signature:
        secret === undefined
          ? undefined
          : {
              secret,
              header: auth.hmac_header.toLowerCase(),
              timestampHeader: auth.hmac_timestamp_header?.toLowerCase(),
              toleranceSec: auth.hmac_tolerance,
            },
    },
    minIntervalSec: min_interval,
    deduplicateSec: deduplicate,
    rules: rules.map(ruleOptions),
  }
}

/** What the schema cannot say: patterns, templates, every name its own. */
export function ruleErrors({ rules }: WebhooksSection, hidden: (field: string) => boolean): FieldError[] {
  const names = new Set<string>()
  return rules.flatMap((rule, index) => {
    const place = `webhooks.rules[${index}]`
    const { name } = ruleOptions(rule, index)
    const isTaken = names.has(name)
    names.add(name)
    return [
      ...(isTaken
        ? [{ field: `${place}.name`, value: name, message: 'is the name of another rule too' }]
        : []),
      ...tagErrors(rule.tag).map((error) => ({ ...error, field: `${place}.tag` })),
      ...errorsOf(rule, index).map((error) =>
        withoutQuotes({ ...error, field: `${place}.${error.field}` }, hidden),
      ),
    ]
  })
}

/** Without signature these keys mean nothing: who sets them means one. */
export function signatureErrors({ auth }: WebhooksSection): FieldError[] {
  if (auth.hmac_timestamp_header === undefined || auth.hmac_secret !== undefined) return []
  return [
    {
      field: 'webhooks.auth.hmac_secret',
      message: 'is missing, but webhooks.auth.hmac_timestamp_header is set',
    },
  ]
}

function errorsOf(rule: RuleSection, index: number): FieldError[] {
  try {
    alertRule(ruleOptions(rule, index))
    return []
  } catch (error) {
    if (error instanceof TtaError) return error.errors
    throw error
  }
}

function tagErrors(tag: string | undefined): Omit<FieldError, 'field'>[] {
  try {
    if (tag !== undefined) parseTag(tag)
    return []
  } catch (error) {
    return [{ value: tag, message: (error as RangeError).message }]
  }
}

/** Messages about a pattern quote it. */
function withoutQuotes(error: FieldError, hidden: (field: string) => boolean): FieldError {
  if (!hidden(error.field)) return error
  return { field: error.field, message: 'cannot be used: it is no RE2 pattern or no template' }
}

function ruleOptions(rule: RuleSection, index: number): AlertRuleOptions {
  const { name = `rule-${index + 1}`, match, on, graph, before, after } = rule
  const parameters = {
    tag: rule.tag,
    filter: rule.filter,
    query: rule.query,
    level: rule.level,
    useTagAsNode: rule.use_tag_as_node,
    serviceNodeSubTitle: rule.service_node_sub_title,
    traceThresholdMs: rule.trace_threshold_ms,
    limit: rule.limit,
  }
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined)
  return {
    name,
    match,
    on,
    graph,
    beforeSec: before,
    afterSec: after,
    parameters: Object.fromEntries(given) as AlertRuleOptions['parameters'],
  }
}
