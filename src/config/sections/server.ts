import { type Static, Type } from 'typebox'
import { Bytes, Count, closed, fromEnvironment, Seconds, Section } from './key-types.ts'

/** `read`: read graphs. `write`: build and remove them. `webhook`: report alerts. */
const scopes = ['read', 'write', 'webhook'] as const
export type Scope = (typeof scopes)[number]

const Token = Type.Object(
  {
    name: Type.String({
      pattern: '^[A-Za-z0-9_.-]{1,64}$',
      description: 'Name of the caller in the log: 1 to 64 letters, digits, _, . and -.',
    }),
    token: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9._~+/-]{16,512}=*$',
        description: '16 to 512 letters, digits and ._~+/- (RFC 6750). `openssl rand -hex 32` creates one.',
        writeOnly: true,
      }),
    ),
    token_file: Type.Optional(
      Type.String({ minLength: 1, description: 'File that contains the token, instead of `token`.' }),
    ),
    scopes: Type.Array(Type.Unsafe<Scope>({ enum: scopes }), {
      minItems: 1,
      uniqueItems: true,
      description:
        'read: graphs, jobs, metrics. write: build, remove, send spans, reload. webhook: POST /webhooks/alerts.',
    }),
  },
  closed,
)

const exampleTokens = [
  { name: 'grafana', token: fromEnvironment('GRAFANA_TTA_TOKEN'), scopes: ['read'] },
  { name: 'ci', token_file: '/run/secrets/tta-ci', scopes: ['read', 'write'] },
]

const Auth = Section('Access to the HTTP API.', {
  tokens: Type.Array(Token, {
    default: [],
    maxItems: 100,
    description: 'Valid bearer tokens. Without tokens, every caller has access: use that on 127.0.0.1 only.',
    examples: [exampleTokens],
    writeOnly: true,
  }),
})
export type AuthSection = Static<typeof Auth>

const RateLimit = Section('Limit on requests that read traces, per token, or per address without tokens.', {
  max: Count('Most requests per window; 0: no limit.', { minimum: 0, maximum: 1_000_000, default: 600 }),
  window_sec: Seconds('Length of the window, s.', { minimum: 1, maximum: 86_400, default: 60 }),
})

export const ServerSection = Section('The HTTP service.', {
  host: Type.String({
    minLength: 1,
    default: '127.0.0.1',
    description: 'Address to listen on; 0.0.0.0: every interface.',
  }),
  port: Count('TCP port to listen on; 0: any free port.', { minimum: 0, maximum: 65_535, default: 8080 }),
  allowed_hosts: Type.Array(
    Type.String({
      pattern: '^(\\*\\.)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?$',
      description: 'A name, or *.name for all names below it.',
    }),
    {
      default: [],
      maxItems: 100,
      description:
        'Names of tta in the Host and Origin headers of requests. Always allowed: addresses, names without a dot, *.localhost and `host`. Checked if it lists names or there are no tokens.',
      examples: [['tta.example.com']],
    },
  ),
  body_limit_bytes: Bytes('Largest request body, bytes.', 1_048_576),
  shutdown_timeout_sec: Seconds(
    'Time that running builds get to end when the service closes, s. Then they are cancelled.',
    { minimum: 0, maximum: 3600, default: 8 },
  ),
  auth: Auth,
  rate_limit: RateLimit,
})

/** The levels of pino, and `silent`. */
const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

export const LogSection = Section('The log: JSON lines on standard error.', {
  level: Type.Unsafe<LogLevel>({ enum: logLevels, default: 'info', description: 'Lowest level to log.' }),
})
