import { type Size, sizeDocument } from '../../export/size-document.ts'
import type { GraphDocument } from '../../model/graph-document.ts'
import { type Representation, remembered, represent } from './representation.ts'

/**
 * What of a graph is sent, at the size that is asked for. A stored graph never changes: its view at the usual size is
 * made once.
 *
 * @param usualNodes most nodes where the caller does not say; all if left out
 */
export function sizedView(
  view: (document: GraphDocument) => unknown,
  usualNodes?: number,
): (document: GraphDocument, size: Size) => Representation {
  const usual = remembered((document: GraphDocument) =>
    view(sizeDocument(document, { maxNodes: usualNodes })),
  )
  return (document, { focus, hops, maxNodes }) => {
    if (focus === undefined && hops === undefined && maxNodes === undefined) return usual(document)
    return represent(view(sizeDocument(document, { focus, hops, maxNodes: maxNodes ?? usualNodes })))
  }
}
