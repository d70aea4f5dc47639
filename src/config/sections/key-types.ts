import { type TProperties, Type } from 'typebox'
import { AggregationParameters, defaultParameters, type ParameterDefaults } from '../../model/parameters.ts'

/** A section or an entry has the keys of its schema and no others. */
export const closed = { additionalProperties: false }

/** A section of the file. A section that is absent has the defaults of its keys. */
export const Section = <Keys extends TProperties>(description: string, keys: Keys) =>
  Type.Object(keys, { description, ...closed, default: {} })

/** A key that is a parameter of every build, with the same check and default. */
export const Parameter = <Name extends keyof ParameterDefaults>(name: Name) =>
  Type.Unsafe<Exclude<ParameterDefaults[Name], undefined>>({
    ...AggregationParameters.properties[name],
    default: defaultParameters[name],
  })

/** Numbers of one key: the range is inclusive. */
interface Range {
  minimum: number
  maximum: number
  default: number
}

export const Count = (description: string, range: Range) => Type.Integer({ ...range, description })

export const Bytes = (description: string, byDefault: number) =>
  Count(description, { minimum: 1024, maximum: 2 ** 40, default: byDefault })

/** A duration in seconds, fractions allowed. */
export const Seconds = (description: string, range: Range) => Type.Number({ ...range, description })

/** A duration in seconds that must not be zero. */
export const PositiveSeconds = (
  description: string,
  { maximum, default: byDefault }: Omit<Range, 'minimum'>,
) => Type.Number({ exclusiveMinimum: 0, maximum, default: byDefault, description })

export const RequestTimeout = () =>
  PositiveSeconds('Timeout of one request, s.', { maximum: 3600, default: 30 })

export const Url = (description: string, example: string) =>
  Type.String({ maxLength: 2048, description, examples: [example] })

/** An example value that comes from an environment variable, as a secret should. */
export const fromEnvironment = (name: string) => `\${${name}}`

/** Names are tokens of RFC 9110. Values have no control characters, so none can add another header. */
export const Headers = Type.Unsafe<Record<string, string>>({
  type: 'object',
  description: 'Headers of every request.',
  propertyNames: {
    type: 'string',
    pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
    description: 'letters, digits and -',
  },
  additionalProperties: {
    type: 'string',
    pattern: '^[\\t\\x20-\\x7e\\x80-\\xff]*$',
    description: 'no line breaks or other control characters',
  },
  default: {},
  writeOnly: true,
})

export const BearerToken = (example: string) =>
  Type.String({
    minLength: 1,
    pattern: '^[\\x21-\\x7e]+$',
    description: 'Token of bearer authentication: visible ASCII characters without spaces.',
    examples: [example],
    writeOnly: true,
  })

/** @param minLength of user name and password */
export const BasicAuth = (example: { username: string; password: string }, minLength = 0) =>
  Type.Object(
    {
      username: Type.String({
        minLength,
        pattern: '^[^:\\x00-\\x1f\\x7f]*$',
        description: 'User name, without a colon.',
      }),
      password: Type.String({
        minLength,
        pattern: '^[^\\x00-\\x1f\\x7f]*$',
        description: 'Password, without control characters.',
        writeOnly: true,
      }),
    },
    { ...closed, description: 'Basic authentication.', examples: [example] },
  )
