import http from 'node:http'
import https from 'node:https'
import got, { RequestError, TimeoutError } from 'got'
import { createRedactor } from '../../base/secrets.ts'
import type { DeclaredFields, ProviderGraph, ProviderRow } from './rows.ts'

/** A failure of the provider, or of a proxy before it. The message has no header and no address. */
export class ProviderFailure extends Error {
  override name = 'ProviderFailure'
  /** Whether the same request may succeed later: no connection, no answer in time, 408, 425, 429, 5xx. */
  readonly retryable: boolean

  constructor(message: string, retryable: boolean) {
    super(message)
    this.retryable = retryable
  }
}

/** Calls of nodegraph-provider that replace and read whole graphs. Each throws only `ProviderFailure`. */
export interface ProviderClient {
  fields(graphName: string, signal: AbortSignal): Promise<DeclaredFields>
  /** Reads a graph; null if the provider has none of that name. Repeats the call at once after a 500. */
  read(graphName: string, signal: AbortSignal): Promise<ProviderGraph | null>
  /** Writes a graph. The provider deletes the old one first, and answers 201 even if it does not store the new one. */
  create(graphName: string, graph: ProviderGraph, signal: AbortSignal): Promise<void>
  /** Deletes a graph. It is not a failure if the provider has none of that name. */
  delete(graphName: string, signal: AbortSignal): Promise<void>
  /** Checks that the provider and its Redis answer. The health route of the provider always answers 200. */
  probe(signal: AbortSignal): Promise<void>
  close(): void
}

export interface ProviderClientOptions {
  /** Base URL, with or without a path prefix. */
  url: string
  headers: Record<string, string>
  /** Longest request with its whole response, ms. */
  timeoutMs: number
}

/** Far more than a graph of 20,000 nodes needs (5 MB): a panel cannot show a larger graph. */
const maxAnswerBytes = 64 * 1024 * 1024
const maxReasonLength = 200
const retryableStatus = new Set([408, 425, 429])
/**
 * After a restart of its Redis, every pooled connection of the provider (`redis.max_idle`, 10) fails once. A read then
 * answers 500, and a write answers 201 and stores nothing. Repeated reads use up these connections safely.
 */
const pooledConnections = 12

/** Name that no graph has. */
const probeGraph = 'tta-check'

interface Answer {
  status: number
  text: string
}

export function createProviderClient({ url, headers, timeoutMs }: ProviderClientOptions): ProviderClient {
  const base = url.replace(/\/+$/, '')
  const withoutSecrets = createRedactor(headers)
  const agents = { http: new http.Agent({ keepAlive: true }), https: new https.Agent({ keepAlive: true }) }
  const upstream = got.extend({
    agent: agents,
    headers,
    timeout: { connect: Math.min(timeoutMs, 5000), request: timeoutMs },
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
  })

  async function call(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    signal: AbortSignal,
    body?: string,
  ): Promise<Answer> {
    const json = body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }
    const stream = upstream.stream(`${base}/${path}`, { method, signal, ...json })
    try {
      if (method === 'DELETE') stream.end()
      const chunks: Uint8Array[] = []
      let bytes = 0
      for await (const chunk of stream as AsyncIterable<Uint8Array>) {
        bytes += chunk.length
        if (bytes > maxAnswerBytes)
          throw new ProviderFailure(`sent an answer of more than ${maxAnswerBytes} bytes`, false)
        chunks.push(chunk)
      }
      const status = stream.response?.statusCode ?? 0
      const text = Buffer.concat(chunks).toString()
      return { status, text: status < 300 ? text : withoutSecrets(text) }
    } catch (error) {
      throw transportFailure(error, timeoutMs)
    } finally {
      // A finished stream still listens to the signal, and would throw an unhandled error.
      stream.destroy()
    }
  }

  async function read(graphName: string, signal: AbortSignal): Promise<ProviderGraph | null> {
    const path = `${graphName}/api/graph/data`
    let answer = await call('GET', path, signal)
    for (let used = 0; answer.status === 500 && used < pooledConnections; used++) {
      answer = await call('GET', path, signal)
    }
    // A 404 of the router or of a proxy does not mean that the graph is missing.
    if (answer.status === 404 && answer.text.includes('No data exists')) return null
    const { nodes, edges } = parseAnswer(answer, ['nodes', 'edges'])
    return { nodes: nodes ?? [], edges: edges ?? [] }
  }

  return {
    async fields(graphName, signal) {
      const answer = await call('GET', `${graphName}/api/graph/fields`, signal)
      const { nodes_fields, edges_fields } = parseAnswer(answer, ['nodes_fields', 'edges_fields'])
      if (!nodes_fields && !edges_fields) return null
      return { nodes: fieldNames(nodes_fields ?? []), edges: fieldNames(edges_fields ?? []) }
    },

    read,

    async probe(signal) {
      await read(probeGraph, signal)
    },

    async create(graphName, graph, signal) {
      const answer = await call('POST', `api/graphs/${graphName}`, signal, JSON.stringify(graph))
      if (answer.status !== 201) throw statusFailure(answer)
    },

    async delete(graphName, signal) {
      const answer = await call('DELETE', `api/graphs/${graphName}`, signal)
      const gone = answer.status === 404 && answer.text.includes('No data exists')
      if (answer.status !== 200 && !gone) throw statusFailure(answer)
    },

    close() {
      agents.http.destroy()
      agents.https.destroy()
    },
  }
}

/** Parses a 200 whose body has an array of rows for each key, or null where the provider has no rows. */
function parseAnswer<K extends string>(answer: Answer, keys: K[]): Record<K, ProviderRow[] | null> {
  if (answer.status !== 200) throw statusFailure(answer)
  const value = parseJson(answer.text)
  if (!isObject(value) || !keys.every((key) => isRows(value[key]))) {
    throw new ProviderFailure(`answered 200 without ${keys.join(' and ')}`, true)
  }
  return value as Record<K, ProviderRow[] | null>
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isRows = (value: unknown) => value === null || (Array.isArray(value) && value.every(isObject))

const fieldNames = (rows: ProviderRow[]) => new Set(rows.map((row) => String(row.field_name)))

/** The provider does not escape its `{"message": "..."}`, so the text may not be valid JSON. */
function statusFailure({ status, text }: Answer): ProviderFailure {
  const retryable = status >= 500 || retryableStatus.has(status)
  if (status >= 300 && status < 400) {
    return new ProviderFailure(`answered ${status}, but redirects are not followed`, false)
  }
  const message = /"message":\s*"(.*)"/s.exec(text)?.[1]?.replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]+/gu, ' ')
  const words = message ? `: ${message.slice(0, maxReasonLength)}` : ''
  return new ProviderFailure(`answered ${status}${words}`, retryable)
}

function transportFailure(error: unknown, timeoutMs: number): ProviderFailure {
  if (error instanceof ProviderFailure) return error
  if (error instanceof TimeoutError) return new ProviderFailure(`did not answer within ${timeoutMs} ms`, true)
  const code = error instanceof RequestError ? error.code : 'unknown'
  if (code === 'ERR_ABORTED')
    return new ProviderFailure('did not answer before the write was cancelled', false)
  return new ProviderFailure(`could not be reached (${code})`, true)
}
