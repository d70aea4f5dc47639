import { type Static, type TProperties, type TSchema, Type } from 'typebox'
import { EdgeRow, NodeRow } from './node-graph-rows.ts'

/** The possible changes of a row, worst first. A row with several changes shows the first of them. */
export const changes = [
  'new',
  'gone',
  'failing more',
  'slower',
  'failing less',
  'faster',
  'unchanged',
] as const
export type Change = (typeof changes)[number]

const PValue = (description: string) => Type.Number({ minimum: 0, maximum: 1, description })

const comparison = {
  change: Type.Unsafe<Change>({ type: 'string', enum: changes, description: 'The worst change of the row' }),
  significant: Type.Boolean({
    description:
      'The change is statistically significant, at a false discovery rate of 5 % over the graph. Both builds must have at least 30 calls',
  }),
  pValue: PValue('p-value of the change; for unchanged rows the smallest p-value of the row'),
  latencyChange: Type.Unsafe<'slower' | 'faster' | 'unchanged'>({
    type: 'string',
    enum: ['slower', 'faster', 'unchanged'],
    description:
      'Change of the duration. It is significant, the mean differs by at least 5 %, and so does the median or the 95th percentile',
  }),
  latencyPValue: PValue(
    "p-value of the duration: Welch's test of the means, with the variance estimated from the percentiles",
  ),
  failureChange: Type.Unsafe<'failing more' | 'failing less' | 'unchanged'>({
    type: 'string',
    enum: ['failing more', 'failing less', 'unchanged'],
    description: 'Change of the share of failed calls, if significant',
  }),
  failurePValue: PValue('p-value of the failure rate: two-proportion z-test with continuity correction'),
  trafficChange: Type.Unsafe<'busier' | 'quieter' | 'unchanged'>({
    type: 'string',
    enum: ['busier', 'quieter', 'unchanged'],
    description:
      'Change of the calls per second before sampling. It is significant among the traffic of all rows, and at least 5 %. It does not decide change',
  }),
  trafficPValue: PValue(
    'p-value of the traffic: test of two Poisson rates, with the variance of sampling; 1 if only one build has the row',
  ),
  color: Type.String({ description: 'Colour of the row in the panel, given by the change' }),
  detail__change: Type.String({ description: 'The change as text' }),
}
export type Comparison = { [Key in keyof typeof comparison]: Static<(typeof comparison)[Key]> }

/** Returns the figures of a row, each with its value for a missing row: 0, or null for a figure that can be unknown. */
export function figuresOfRow(properties: Record<string, unknown>): Map<string, 0 | null> {
  const figures = Object.entries(properties).flatMap(([key, schema]): [string, 0 | null][] => {
    const { type, anyOf } = schema as { type?: string; anyOf?: { type?: string }[] }
    if (/Stat$|__/.test(key)) return []
    if (type === 'number' || type === 'integer') return [[key, 0]]
    return anyOf?.some((one) => one.type === 'number') ? [[key, null]] : []
  })
  return new Map(figures)
}

/** Returns the name of a figure of the base: `count` becomes `baseCount`. */
export const baseName = (key: string) => `base${key.charAt(0).toUpperCase()}${key.slice(1)}`

type Figure = number | null

/** A row without its arcs, which would hide the colour, with the comparison and the figures of the base. */
const Compared = <Row extends TProperties>(properties: Row) => {
  const kept = Object.entries(properties as Record<string, TSchema>).filter(
    ([key]) => !key.startsWith('arc__'),
  )
  const figures = figuresOfRow(properties)
  const withZero = kept.map(([key, schema]) => [key, figures.has(key) ? figureSchema(schema) : schema])
  const base = [...figures.keys()].map((key) => [baseName(key), figureSchema(properties[key] as TSchema)])
  return Type.Object(
    { ...Object.fromEntries(withZero), ...comparison, ...Object.fromEntries(base) },
    { additionalProperties: false },
  )
}

/** Allows 0: a missing row has 0 calls. */
function figureSchema(schema: TSchema): TSchema {
  const { minimum: _minimum, ...rest } = schema as TSchema & { minimum?: number }
  return 'minimum' in schema ? ({ ...rest, minimum: 0 } as TSchema) : schema
}

/** A node of either graph. `base...` are the figures of the base, all others those of the current build. */
export const NodeDiff = { ...Compared(NodeRow.properties), $id: 'NodeDiff' }
export type NodeDiff = Omit<NodeRow, `arc__${string}`> & Comparison & { [Base in `base${string}`]: Figure }

/** An edge of either graph. Its figures are named like those of `NodeDiff`. */
export const EdgeDiff = { ...Compared(EdgeRow.properties), $id: 'EdgeDiff' }
export type EdgeDiff = EdgeRow & Comparison & { [Base in `base${string}`]: Figure }
