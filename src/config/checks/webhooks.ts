import { type FieldError, TtaError } from '../../base/errors.ts'
import { type AlertRuleOptions, alertRule } from '../../builds/alerts/alert-rule.ts'
import type { SenderAuth } from '../../builds/alerts/sender-check.ts'
import { parseTag } from '../../sources/tag-selector.ts'
import { inCamelCase } from '../camel-case.ts'
import type { RuleSection, WebhooksSection } from '../sections/webhooks.ts'

/** Reads how senders of alerts prove who they are. The result contains secrets: never log it. */
export function senderAuth({ auth }: WebhooksSection): SenderAuth {
  const { hmac_secret: secret } = auth
  return {
    bearerToken: auth.bearer_token,
    basic: auth.basic_auth,
    signature:
      secret === undefined
        ? undefined
        : {
            secret,
            header: auth.hmac_header.toLowerCase(),
            timestampHeader: auth.hmac_timestamp_header?.toLowerCase(),
            toleranceSec: auth.hmac_tolerance_sec,
          },
  }
}

/** @param index position in `webhooks.rules`, which names a rule without a name */
export function alertRuleOptions(rule: RuleSection, index: number): AlertRuleOptions {
  const { name = `rule-${index + 1}`, match, on, graph, before_sec, after_sec, ...parameters } = rule
  return {
    name,
    match,
    on,
    graph,
    beforeSec: before_sec,
    afterSec: after_sec,
    parameters: inCamelCase(parameters),
  }
}

/** Checks patterns and templates of alert rules, and that their names are unique. */
export function ruleErrors({ rules }: WebhooksSection, hidden: (field: string) => boolean): FieldError[] {
  const names = new Set<string>()
  return rules.flatMap((rule, index) => {
    const entryField = `webhooks.rules[${index}]`
    const { name } = alertRuleOptions(rule, index)
    const isTaken = names.has(name)
    names.add(name)
    return [
      ...(isTaken ? [{ field: `${entryField}.name`, value: name, message: 'must be unique' }] : []),
      ...tagErrors(rule.tag).map((error) => ({ ...error, field: `${entryField}.tag` })),
      ...errorsOf(rule, index).map((error) =>
        withoutQuote({ ...error, field: `${entryField}.${error.field}` }, hidden),
      ),
    ]
  })
}

/** Checks that a timestamp header comes with a secret, without which it has no effect. */
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
    alertRule(alertRuleOptions(rule, index))
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

/** Messages about a pattern quote it, so a hidden one gets another message. */
function withoutQuote(error: FieldError, hidden: (field: string) => boolean): FieldError {
  if (!hidden(error.field)) return error
  return { field: error.field, message: 'must be an RE2 pattern or a template' }
}
