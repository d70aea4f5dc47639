import { type ShownPart, selectShownPart } from '../../export/shown-part.ts'
import type { GraphDocument } from '../../model/graph-document.ts'
import { createCachedRepresentation, type Representation, represent } from './etag-and-gzip.ts'

/**
 * Creates a function that represents the shown part of a graph as JSON. A stored graph never changes, so its default
 * part is serialised only once.
 *
 * @param select returns the data to send
 * @param defaultMaxNodes maximum number of nodes if the request sets none; undefined for all
 */
export function createGraphRepresentation(
  select: (document: GraphDocument) => unknown,
  defaultMaxNodes?: number,
): (document: GraphDocument, part: ShownPart) => Representation {
  const representDefault = createCachedRepresentation((document: GraphDocument) =>
    select(selectShownPart(document, { maxNodes: defaultMaxNodes })),
  )
  return (document, { focus, hops, fold, maxNodes = defaultMaxNodes }) => {
    const isWhole = focus === undefined && hops === undefined && fold === undefined
    if (isWhole && maxNodes === defaultMaxNodes) return representDefault(document)
    return represent(select(selectShownPart(document, { focus, hops, fold, maxNodes })))
  }
}
