import { EventEmitter } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { addEdgeFailed, type Lie, lieAfterDelete, lieBeforeDelete, storedParts } from './provider-lies.ts'
import {
  answerWritten,
  dangles,
  quoted,
  type Row,
  type Stored,
  say,
  send,
  text,
  view,
  wrongBody,
} from './provider-quirks.ts'

export interface ProviderStandIn {
  url: string
  /** Method and path of every request, in order. */
  requests: string[]
  /** Headers of the last request. */
  lastHeaders: http.IncomingHttpHeaders
  /** Lies for the next writes; a number repeats: `['nothing stored', 2]`. */
  lieOnWrite(...lies: (Lie | [Lie, number])[]): void
  /** Lies for the next reads of data. */
  lieOnRead(...lies: (Lie | [Lie, number])[]): void
  /** From now on the truth, until told otherwise. */
  forgetLies(): void
  /** Pooled connections to a Redis that was restarted meanwhile: each fails once, and only reads say so. */
  staleConnections: number
  /** Calls back when the next write arrives, before it does anything. */
  onceOnWrite(call: () => void): void
  /** Calls back when the next read arrives, before it is answered. */
  onceOnRead(call: () => void): void
  /** Most writes that ran at the same time. */
  mostWrites: number
  seed(graph: string, nodes: Row[], edges: Row[]): void
  /** The graph that a reader gets: sorted node ids and edges; null if there is no graph. */
  held(graph: string): { nodes: unknown[]; edges: string[] } | null
  /** Every stored field of a node, also if no read returns the node. */
  node(graph: string, id: string): Row | undefined
  close(): Promise<void>
}

/** Field names by graph, as `graph_schemas` of the provider's configuration. */
export type Schemas = Record<string, { nodes: string[]; edges: string[] }>

/**
 * Behaves as nodegraph-provider 0.4.1 was seen to behave. `data` comes from edges only, and the id of an edge is made up. A
 * graph is deleted before it is created. CREATE adds to existing rows, so two writers mix.
 */
export async function startProviderStandIn(schemas: Schemas = {}): Promise<ProviderStandIn> {
  const graphs = new Map<string, Stored>()
  const writeLies: Lie[] = []
  const readLies: Lie[] = []
  const arrivals = new EventEmitter()
  let writes = 0

  const server = http.createServer((request, response) => {
    standIn.requests.push(`${request.method} ${request.url}`)
    standIn.lastHeaders = request.headers
    void answer(request, response)
  })

  async function answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const [, read, what] = /^\/([^/]+)\/api\/graph\/(data|fields)$/.exec(request.url ?? '') ?? []
    const [, written] = /^\/api\/graphs\/(.+)$/.exec(request.url ?? '') ?? []
    if (read && request.method === 'GET') {
      arrivals.emit('read')
      if (what === 'fields') send(response, 200, fieldsOf(schemas[read]))
      else readData(read, response)
    } else if (written && (request.method === 'POST' || request.method === 'DELETE')) {
      const body = await text(request)
      arrivals.emit('write')
      writes++
      standIn.mostWrites = Math.max(standIn.mostWrites, writes)
      await write(request.method, written, body, response)
      writes--
    } else if (read || written) response.writeHead(405).end()
    else response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('404 page not found\n')
  }

  function readData(graph: string, response: http.ServerResponse): void {
    const lie = standIn.staleConnections-- > 0 ? 'broken JSON 500' : readLies.shift()
    if (lieBeforeDelete(lie, response)) return
    const stored = graphs.get(graph)
    if (stored) send(response, 200, view(stored))
    else say(response, 404, `No data exists for graph ${graph}`)
  }

  async function write(method: string, graph: string, body: string, response: http.ServerResponse) {
    const lie = standIn.staleConnections-- > 0 ? 'stale connection' : writeLies.shift()
    if (lie === 'stale connection') return answerWritten(method, graph, response)
    if (lieBeforeDelete(lie, response)) return
    if (method === 'DELETE') return deleteGraph(graph, response)
    const wrong = wrongBody(body)
    if (wrong) return say(response, 400, wrong)
    const sent: Stored = JSON.parse(body)
    graphs.delete(graph)
    await nextTurn()
    if (dangles(sent)) return say(response, 503, addEdgeFailed)
    if (lieAfterDelete(lie, response)) return
    for (const part of storedParts(sent, lie)) create(graph, part)
    if (lie === 'reset after the write') response.socket?.resetAndDestroy()
    else answerWritten(method, graph, response)
  }

  function deleteGraph(graph: string, response: http.ServerResponse): void {
    if (graphs.delete(graph)) response.writeHead(200).end()
    else say(response, 404, `No data exists for graph ${graph}`)
  }

  function create(graph: string, sent: Stored): void {
    const stored = graphs.get(graph) ?? { nodes: [], edges: [] }
    stored.nodes.push(...sent.nodes.map((row) => quoted(row)))
    stored.edges.push(...sent.edges.map((row) => quoted(row)))
    graphs.set(graph, stored)
  }

  const standIn: ProviderStandIn = {
    url: '',
    requests: [],
    lastHeaders: {},
    staleConnections: 0,
    onceOnWrite: (call) => arrivals.once('write', call),
    onceOnRead: (call) => arrivals.once('read', call),
    mostWrites: 0,
    lieOnWrite: (...next) => writeLies.push(...next.flatMap(repeated)),
    lieOnRead: (...next) => readLies.push(...next.flatMap(repeated)),
    forgetLies() {
      writeLies.length = 0
      readLies.length = 0
    },
    seed: (graph, nodes, edges) => graphs.set(graph, { nodes, edges }),
    held(graph) {
      const stored = graphs.get(graph)
      if (!stored) return null
      const { nodes, edges } = view(stored)
      return {
        nodes: (nodes ?? []).map(({ id }) => id).sort(),
        edges: (edges ?? [])
          .map(({ source, target, mainStat }) => `${source} -> ${target}: ${mainStat}`)
          .sort(),
      }
    },
    node: (graph, id) => graphs.get(graph)?.nodes.find((row) => row.id === id),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  standIn.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return standIn
}

const repeated = (lie: Lie | [Lie, number]): Lie[] =>
  Array.isArray(lie) ? Array<Lie>(lie[1]).fill(lie[0]) : [lie]

function fieldsOf(schema: Schemas[string] | undefined) {
  const rows = (names: string[] | undefined) =>
    names?.map((name) => ({ field_name: name, type: 'string' })) ?? null
  return { edges_fields: rows(schema?.edges), nodes_fields: rows(schema?.nodes) }
}
