import type { GraphDocument } from '../model/graph-document.ts'
import type { GraphSink } from './graph-sink.ts'

/** The sink that programs and the panel read from: the last graph of each name. */
export interface GraphStore extends GraphSink {
  /** The last graph of that name, also when it is empty; undefined when there was none or it was removed. */
  get(graphName: string): GraphDocument | undefined
  /** All graphs, sorted by name. */
  list(): GraphDocument[]
}

/**
 * A store in memory. Documents never change once made, so swapping one reference swaps the whole graph: a
 * reader has either the old one or the new one.
 */
export function createGraphStore(): GraphStore {
  const documents = new Map<string, GraphDocument>()
  return {
    name: 'embedded',
    async replace(document, signal) {
      signal.throwIfAborted()
      documents.set(document.name, document)
      return {
        sink: 'embedded',
        state: document.nodes.length === 0 ? 'cleared' : 'stored',
        verified: true,
        attempts: 1,
        isolatedNodes: 0,
        warnings: [],
      }
    },
    async remove(graphName, signal) {
      signal.throwIfAborted()
      return documents.delete(graphName)
    },
    async check() {},
    async close() {},
    get: (graphName) => documents.get(graphName),
    list: () => [...documents.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
  }
}
