import { type Static, Type } from 'typebox'

/** What a token may do: read graphs, build and remove them, or report alerts. */
export const scopes = ['read', 'write', 'webhook'] as const
export type Scope = (typeof scopes)[number]

const closed = { additionalProperties: false }

const TokenEntry = Type.Object(
  {
    name: Type.String({
      pattern: '^[A-Za-z0-9_.-]{1,64}$',
      description: '1 to 64 letters, digits, _, . and -',
    }),
    token: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9._~+/-]{16,512}=*$',
        description: '16 to 512 letters, digits and ._~+/- (RFC 6750), such as openssl rand -hex 32 gives',
      }),
    ),
    token_file: Type.Optional(Type.String({ minLength: 1, description: 'File whose content is the token' })),
    scopes: Type.Array(Type.Unsafe<Scope>({ enum: scopes }), { minItems: 1, uniqueItems: true }),
  },
  closed,
)

/** Who may call. */
export const AuthSection = Type.Object(
  {
    tokens: Type.Array(TokenEntry, {
      default: [],
      maxItems: 100,
      description: 'Bearer tokens that are taken; none: everybody may call',
      writeOnly: true,
    }),
  },
  { ...closed, description: 'Who may call', default: {} },
)
export type AuthSection = Static<typeof AuthSection>

/** How often one caller may have Tempo asked. */
export const RateLimitSection = Type.Object(
  {
    max: Type.Integer({
      minimum: 0,
      maximum: 1_000_000,
      default: 600,
      description: 'Most requests of one token or address that have Tempo read; 0: any number',
    }),
    window_sec: Type.Number({ minimum: 1, maximum: 86_400, default: 60, description: 'In this time, s' }),
  },
  { ...closed, description: 'Limit on requests that cost Tempo', default: {} },
)
