import { Type } from 'typebox'
import { maxReadableNodes } from '../../export/shown-part.ts'

/** How much of a graph is wanted. */
export const sizeProperties = {
  focus: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 1024,
      description: 'Only what is near this node: its id, title/subTitle, or the title of one or several',
    }),
  ),
  hops: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 64,
      description: 'How far from `focus`, in calls of either direction; 1 by default',
    }),
  ),
  maxNodes: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      description:
        'Most nodes: the most called stay, others are one for each set of callers and callees. By default ' +
        `${maxReadableNodes} where Grafana or a picture is meant, else all. May be written max_nodes`,
    }),
  ),
}

/** `max_nodes` is the same, written as in the configuration; beside `maxNodes` it is the parameter given twice. */
export function readSpelling(query: Record<string, unknown>): void {
  if (!Object.hasOwn(query, 'max_nodes')) return
  const values = [query.maxNodes, query.max_nodes].filter((value) => value !== undefined)
  query.maxNodes = values.length === 1 ? values[0] : values.flat()
  delete query.max_nodes
}
