import { type TProperties, Type } from 'typebox'
import { AggregationParameters, defaultParameters, type ParameterDefaults } from '../../model/parameters.ts'

/** A section of the file. Left out as a whole it is filled with the defaults of its keys. */
export const Section = <Keys extends TProperties>(description: string, keys: Keys) =>
  Type.Object(keys, { description, additionalProperties: false, default: {} })

/** A key that is a parameter of every build: same rules, same default. */
export const Parameter = <Name extends keyof ParameterDefaults>(name: Name) =>
  Type.Unsafe<Exclude<ParameterDefaults[Name], undefined>>({
    ...AggregationParameters.properties[name],
    default: defaultParameters[name],
  })

export const Bytes = (description: string, value: number) =>
  Type.Integer({ minimum: 1024, maximum: 2 ** 40, default: value, description })

export const TimeoutSec = (value: number) =>
  Type.Number({
    exclusiveMinimum: 0,
    maximum: 3600,
    default: value,
    description: 'Longest wait for one request, s',
  })

export const Url = (description: string) => Type.String({ maxLength: 2048, description })

/** Names are RFC 9110 tokens; values have no control characters, so no header can smuggle in another. */
export const Headers = Type.Unsafe<Record<string, string>>({
  type: 'object',
  description: 'Headers sent with every request',
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

export const Secret = (description: string) =>
  Type.String({
    minLength: 1,
    pattern: '^[\\x21-\\x7e]+$',
    description: `${description}; visible ASCII without spaces`,
    writeOnly: true,
  })
