import { type Static, Type } from 'typebox'
import { AggregationParameters } from '../../model/parameters.ts'
import { BasicAuth, BearerToken, closed, fromEnvironment, Seconds, Section } from './key-types.ts'

const { properties } = AggregationParameters

const HeaderName = (description: string) =>
  Type.String({ pattern: '^[A-Za-z0-9-]{1,128}$', description: `${description}: letters, digits and -.` })

const Margin = (description: string, byDefault: number) =>
  Seconds(description, { minimum: 0, maximum: 604_800, default: byDefault })

/** Parameters that a rule may set, in snake_case. */
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
        description:
          'Name in responses and in the log: 1 to 64 letters, digits, _, . and -. Absent: rule-1, rule-2 and so on.',
      }),
    ),
    match: Type.Unsafe<Record<string, string>>({
      type: 'object',
      additionalProperties: { type: 'string', maxLength: 1024 },
      default: {},
      description:
        'Labels with the values that must all match: x, =x, !=x, =~pattern or !~pattern. Empty: every alert matches.',
    }),
    on: Type.Unsafe<'firing' | 'resolved' | 'both'>({
      enum: ['firing', 'resolved', 'both'],
      default: 'firing',
      description: 'State of the alert.',
    }),
    graph: Type.Unsafe<string>(properties.graph),
    before_sec: Margin('Part of the window before the start of the alert, s.', 900),
    after_sec: Margin(
      'Part of the window after the end of the alert, s. The window of a firing alert ends now.',
      300,
    ),
    ...ruleParameters,
  },
  { ...closed, required: ['graph'] },
)
export type RuleSection = Static<typeof Rule>

const exampleRules = [
  {
    name: 'latency',
    match: { alertname: 'HighLatency', severity: '=~critical|page' },
    graph: 'micro',
    filter: '^{{ labels.service }}$',
  },
]

const SenderAuth = Section(
  'Credentials of senders; each kind suffices. Without any, a token with scope webhook.',
  {
    bearer_token: Type.Optional(BearerToken(fromEnvironment('WEBHOOK_TOKEN'))),
    basic_auth: Type.Optional(
      BasicAuth({ username: 'grafana', password: fromEnvironment('WEBHOOK_PASSWORD') }, 1),
    ),
    hmac_secret: Type.Optional(
      Type.String({
        minLength: 1,
        description: "Secret of Grafana's HMAC signature.",
        examples: [fromEnvironment('WEBHOOK_SECRET')],
        writeOnly: true,
      }),
    ),
    hmac_header: Type.Unsafe<string>({
      ...HeaderName('Header with the signature'),
      default: 'X-Grafana-Alerting-Signature',
    }),
    hmac_timestamp_header: Type.Optional({
      ...HeaderName('Header with the signed time, which protects against replays'),
      examples: ['X-Grafana-Alerting-Timestamp'],
    }),
    hmac_tolerance_sec: Seconds('Largest difference between the signed time and the clock, s.', {
      minimum: 1,
      maximum: 86_400,
      default: 300,
    }),
  },
)

export const WebhooksSection = Section(
  'Alert webhooks: POST /webhooks/alerts, for Grafana and Alertmanager.',
  {
    auth: SenderAuth,
    min_interval_sec: Seconds(
      'Time from one alert build of a graph to the next, s. Of the alerts in between, the last one is built.',
      { minimum: 0, maximum: 86_400, default: 60 },
    ),
    deduplicate_sec: Seconds('How long a repeated alert is ignored, s; 0: never.', {
      minimum: 0,
      maximum: 604_800,
      default: 3600,
    }),
    rules: Type.Array(Rule, {
      default: [],
      maxItems: 1000,
      description:
        'Alerts that build graphs. Every matching rule applies. Templates in filter and query insert labels as data.',
      examples: [exampleRules],
    }),
  },
)
export type WebhooksSection = Static<typeof WebhooksSection>
