import { type Static, Type } from 'typebox'
import { AggregationParameters } from '../../model/parameters.ts'
import { Secret, Section } from './key-types.ts'

const closed = { additionalProperties: false }
const { properties } = AggregationParameters

const HeaderName = (description: string) =>
  Type.String({ pattern: '^[A-Za-z0-9-]{1,128}$', description: `${description}; letters, digits and -` })

const MarginSec = (value: number, description: string) =>
  Type.Number({ minimum: 0, maximum: 604_800, default: value, description })

/** Parameters that a rule may set, in the spelling of the file. */
const ruleParameters = {
  tag: properties.tag,
  filter: properties.filter,
  query: properties.query,
  level: properties.level,
  use_tag_as_node: properties.useTagAsNode,
  service_node_sub_title: properties.serviceNodeSubTitle,
  trace_threshold_ms: properties.traceThresholdMs,
  limit: properties.limit,
}

const Rule = Type.Object(
  {
    name: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9_.-]{1,64}$',
        description: '1 to 64 letters, digits, _, . and -',
      }),
    ),
    match: Type.Unsafe<Record<string, string>>({
      type: 'object',
      additionalProperties: { type: 'string', maxLength: 1024 },
      default: {},
      description: 'Labels and what they must be: x, =x, !=x, =~pattern, !~pattern; none: every alert',
    }),
    on: Type.Unsafe<'firing' | 'resolved' | 'both'>({
      enum: ['firing', 'resolved', 'both'],
      default: 'firing',
    }),
    graph: Type.Unsafe<string>(properties.graph),
    before_sec: MarginSec(900, 'Of the window before the alert began, s'),
    after_sec: MarginSec(300, 'Of the window after the alert ended, s'),
    ...ruleParameters,
  },
  { ...closed, required: ['graph'] },
)
export type RuleSection = Static<typeof Rule>

/** What alerts may rebuild, and who may send them. */
export const WebhooksSection = Section('Alert webhooks', {
  auth: Section('Who may send alerts; each way suffices', {
    bearer_token: Type.Optional(Secret('Token for Authorization: Bearer')),
    basic_auth: Type.Optional(
      Type.Object(
        {
          username: Type.String({
            minLength: 1,
            pattern: '^[^:\\x00-\\x1f\\x7f]*$',
            description: 'no colon',
          }),
          password: Type.String({
            minLength: 1,
            pattern: '^[^\\x00-\\x1f\\x7f]*$',
            description: 'no control characters',
            writeOnly: true,
          }),
        },
        closed,
      ),
    ),
    hmac_secret: Type.Optional(
      Type.String({ minLength: 1, description: 'Secret of the signature', writeOnly: true }),
    ),
    hmac_header: Type.Unsafe<string>({
      ...HeaderName('Header with the signature'),
      default: 'X-Grafana-Alerting-Signature',
    }),
    hmac_timestamp_header: Type.Optional(HeaderName('Header with the time that is signed as well')),
    hmac_tolerance_sec: Type.Number({
      minimum: 1,
      maximum: 86_400,
      default: 300,
      description: 'How far that time may be from this clock, s',
    }),
  }),
  min_interval_sec: Type.Number({
    minimum: 0,
    maximum: 86_400,
    default: 60,
    description: 'From one build of a graph by alerts to the next, s',
  }),
  deduplicate_sec: Type.Number({
    minimum: 0,
    maximum: 604_800,
    default: 3600,
    description: 'How long an alert that is sent again counts as seen, s',
  }),
  rules: Type.Array(Rule, { default: [], maxItems: 1000, description: 'Which alerts rebuild which graphs' }),
})
export type WebhooksSection = Static<typeof WebhooksSection>
