import { type ShownPart, selectShownPart } from '../../export/shown-part.ts'
import type { GraphDocument } from '../../model/graph-document.ts'
import { type Representation, rememberRepresentation, represent } from './etag-and-gzip.ts'

/**
 * What of a graph is sent, at the size that is asked for. A stored graph never changes: its view at the usual size is
 * made once.
 *
 * @param defaultMaxNodes most nodes where the caller does not say; all if left out
 */
export function createShownPart(
  view: (document: GraphDocument) => unknown,
  defaultMaxNodes?: number,
): (document: GraphDocument, part: ShownPart) => Representation {
  const usual = rememberRepresentation((document: GraphDocument) =>
    view(selectShownPart(document, { maxNodes: defaultMaxNodes })),
  )
  return (document, { focus, hops, maxNodes }) => {
    if (focus === undefined && hops === undefined && maxNodes === undefined) return usual(document)
    return represent(view(selectShownPart(document, { focus, hops, maxNodes: maxNodes ?? defaultMaxNodes })))
  }
}
