import { Type } from 'typebox'
import { Tenant, tenantForm } from '../../model/parameters.ts'
import {
  BasicAuth,
  BearerToken,
  Bytes,
  Count,
  fromEnvironment,
  Headers,
  PositiveSeconds,
  RequestTimeout,
  Seconds,
  Section,
  Url,
} from './key-types.ts'

export const TempoSection = Section('Grafana Tempo. Without `url`, the embedded trace source is used.', {
  url: Type.Optional(
    Url('Base URL, http or https, with or without a path prefix and /api.', 'http://localhost:3200'),
  ),
  headers: Headers,
  basic_auth: Type.Optional(BasicAuth({ username: '12345', password: fromEnvironment('TEMPO_PASSWORD') })),
  bearer_token: Type.Optional(BearerToken(fromEnvironment('TEMPO_TOKEN'))),
  tenant: Type.Optional({
    ...Tenant,
    description: `Tenant, sent as X-Scope-OrgID: ${tenantForm}. A named graph may have another one.`,
    examples: ['team-a'],
  }),
  tenants: Type.Array(Tenant, {
    default: [],
    maxItems: 1000,
    uniqueItems: true,
    description: 'Tenants that a request may name, alone or joined by |.',
  }),
  timeout: RequestTimeout(),
  ca_file: Type.Optional(
    Type.String({
      minLength: 1,
      description: "PEM file with the authority that signed Tempo's certificate.",
      examples: ['tempo-ca.pem'],
    }),
  ),
  concurrency: Count('Most searches in flight.', { minimum: 1, maximum: 64, default: 4 }),
  max_answer_bytes: Bytes('Largest response, after decompression, bytes.', 268_435_456),
  pad_sec: Seconds('Time searched before and after the window, s. Traces at its ends are complete then.', {
    minimum: 0,
    maximum: 86_400,
    default: 60,
  }),
  repair_limit: Count('Most traces of a build that are looked up one by one.', {
    minimum: 0,
    maximum: 1_000_000,
    default: 2000,
  }),
})

export const EmbeddedSection = Section('The embedded trace source, which receives OTLP at POST /v1/traces.', {
  max_age_sec: PositiveSeconds('How long spans are kept, s.', { maximum: 604_800, default: 3600 }),
  max_bytes: Bytes(
    'Most memory of compressed spans, bytes. The oldest spans are dropped first.',
    268_435_456,
  ),
  body_limit_bytes: Bytes('Largest OTLP request, after decompression, bytes.', 20_971_520),
})
