import { type Static, type TProperties, type TSchema, Type } from 'typebox'
import { EdgeRow, NodeRow } from './node-graph-rows.ts'

/** Worst first: of several that hold, the first is the headline of a row. */
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
  change: Type.Unsafe<Change>({ type: 'string', enum: changes, description: 'The worst of what holds' }),
  significant: Type.Boolean({
    description:
      'More than chance, at a false discovery rate of 5 % over the graph; never with under 30 calls a side',
  }),
  pValue: PValue('Of the change; where nothing changed the smallest there is'),
  latencyChange: Type.Unsafe<'slower' | 'faster' | 'unchanged'>({
    type: 'string',
    enum: ['slower', 'faster', 'unchanged'],
    description: 'Significant, the mean 5 % off or more, and the median or the 95th percentile with it',
  }),
  latencyPValue: PValue("Welch's test of the means, their variance taken from the percentiles"),
  failureChange: Type.Unsafe<'failing more' | 'failing less' | 'unchanged'>({
    type: 'string',
    enum: ['failing more', 'failing less', 'unchanged'],
  }),
  failurePValue: PValue('Two-proportion z test with continuity correction'),
  color: Type.String({ description: 'For the panel, by change' }),
  detail__change: Type.String({ description: 'The change in words' }),
}
export type Comparison = { [Key in keyof typeof comparison]: Static<(typeof comparison)[Key]> }

/** The figures of a row and what each is where there is no row: 0, or null where the figure may be unknown. */
export function figuresOfRow(properties: Record<string, unknown>): Map<string, 0 | null> {
  const figures = Object.entries(properties).flatMap(([key, schema]): [string, 0 | null][] => {
    const { type, anyOf } = schema as { type?: string; anyOf?: { type?: string }[] }
    if (/Stat$|__/.test(key)) return []
    if (type === 'number' || type === 'integer') return [[key, 0]]
    return anyOf?.some((one) => one.type === 'number') ? [[key, null]] : []
  })
  return new Map(figures)
}

/** `count` becomes `baseCount`. */
export const baseName = (key: string) => `base${key.charAt(0).toUpperCase()}${key.slice(1)}`

type Figure = number | null

/** The row without its arcs (they would hide the colour), the comparison, and every figure of the base as base... */
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

/** Where there is no row, its calls are 0. */
function figureSchema(schema: TSchema): TSchema {
  const { minimum: _minimum, ...rest } = schema as TSchema & { minimum?: number }
  return 'minimum' in schema ? ({ ...rest, minimum: 0 } as TSchema) : schema
}

/** A node of either graph. Figures are the current ones: 0, or null, where the node is gone; base... are the base's. */
export const NodeDiff = { ...Compared(NodeRow.properties), $id: 'NodeDiff' }
export type NodeDiff = Omit<NodeRow, `arc__${string}`> & Comparison & { [Base in `base${string}`]: Figure }

/** An edge of either graph. */
export const EdgeDiff = { ...Compared(EdgeRow.properties), $id: 'EdgeDiff' }
export type EdgeDiff = EdgeRow & Comparison & { [Base in `base${string}`]: Figure }
