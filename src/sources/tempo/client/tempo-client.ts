import { Agent as HttpAgent, type IncomingHttpHeaders } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { promisify } from 'node:util'
import { gunzip, gunzipSync } from 'node:zlib'
import { SpanKind } from '@opentelemetry/api'
import { type Got, got, HTTPError, RequestError, type RetryObject, TimeoutError } from 'got'
import { createRedactor } from '../../../base/secrets.ts'
import { withSpan } from '../../../base/tracing.ts'
import { freeMemory } from './free-memory.ts'
import {
  isTooLarge,
  isTooSlow,
  TempoAnswerError,
  TempoConnectionError,
  TempoStatusError,
  TempoTooLargeError,
} from './tempo-errors.ts'
import { endpointOf, type TempoObserver, type TempoOutcome } from './tempo-observer.ts'

const gunzipAsync = promisify(gunzip)
/** No error says more. */
const maxErrorBytes = 65_536
/** zlib's own default: with less, a gzip that lies of its length is inflated byte by byte. */
const minChunkBytes = 16_384

export interface TempoClientOptions {
  /** Base URL; a path prefix is kept, a trailing `/api` or slash is not needed. */
  url: string
  /** Sent with every request: authorization, tenant, and what else the operator wants. */
  headers: Record<string, string>
  /** For one request, retries not included. */
  timeoutMs: number
  /** Largest answer that is taken, after decompression. */
  maxAnswerBytes: number
  /** Most requests in flight. */
  maxSockets: number
  /** PEM of a certificate authority to trust besides the system's. */
  ca?: string | undefined
  observer?: TempoObserver | undefined
  /** First delay before a retry; it doubles each time. */
  retryDelayMs?: number | undefined
}

/** What the requests of one read cost. */
export interface RequestTally {
  requests: number
  retries: number
  /** After decompression. */
  bytes: number
}

export interface TempoRequest {
  /** From the base URL on: `/api/search`. */
  path: string
  query?: Record<string, string | number>
  accept: 'application/protobuf' | 'application/json'
  /** X-Scope-OrgID, in place of the configured one. */
  tenant?: string | undefined
  /** How often it is asked again at most; left out: as often as is sensible. */
  retries?: number | undefined
  /** Longest wait, where it is to be shorter than for others, ms. */
  timeoutMs?: number | undefined
  signal: AbortSignal
  tally: RequestTally
}

export interface TempoAnswer {
  /** Decompressed. */
  body: Buffer
  /** Without parameters. */
  contentType: string
}

/** Statuses that may pass when asked again (grafana/tempo: 429 is a full job queue, 500 a failed querier). */
const retriedStatuses = [429, 500, 502, 503, 504]
const maxRetries = 4
const maxRetriesOf500 = 2

/** GET requests to one Tempo: retried with backoff, bounded in time and bytes, cancellable. */
export class TempoClient {
  private readonly got: Got
  private readonly agents: { http: HttpAgent; https: HttpsAgent }
  private readonly maxAnswerBytes: number
  private readonly timeoutMs: number
  private readonly retryDelayMs: number
  private readonly observer: TempoObserver | undefined
  private readonly withoutSecrets: (text: string) => string

  constructor(options: TempoClientOptions) {
    const agent = { keepAlive: true, maxSockets: options.maxSockets, scheduling: 'lifo' } as const
    this.agents = { http: new HttpAgent(agent), https: new HttpsAgent(agent) }
    this.maxAnswerBytes = options.maxAnswerBytes
    this.timeoutMs = options.timeoutMs
    this.retryDelayMs = options.retryDelayMs ?? 500
    this.observer = options.observer
    this.withoutSecrets = createRedactor(options.headers)
    this.got = got.extend({
      prefixUrl: options.url.replace(/\/+$/, '').replace(/\/api$/, ''),
      agent: this.agents,
      headers: { 'user-agent': 'tta', ...options.headers, 'accept-encoding': 'gzip' },
      // Decompressed here instead, where the size can be bounded.
      decompress: false,
      followRedirect: false,
      timeout: { connect: 5000 },
      retry: {
        limit: maxRetries,
        methods: ['GET'],
        statusCodes: retriedStatuses,
        maxRetryAfter: 30_000,
        calculateDelay: (retry) => this.retryDelay(retry),
      },
      ...(options.ca === undefined ? {} : { https: { certificateAuthority: options.ca } }),
    })
  }

  /**
   * @throws {TempoStatusError | TempoConnectionError | TempoTooLargeError | TempoAnswerError}
   * @throws the signal's reason
   */
  get(request: TempoRequest): Promise<TempoAnswer> {
    const attributes = { 'http.request.method': 'GET', 'url.path': request.path }
    return withSpan(`GET ${endpointOf(request.path)}`, attributes, () => this.send(request), SpanKind.CLIENT)
  }

  private async send(request: TempoRequest): Promise<TempoAnswer> {
    const { path, tenant, tally, signal } = request
    signal.throwIfAborted()
    tally.requests++
    let sentAt = performance.now()
    const tell = (outcome: TempoOutcome, bytes = 0) => {
      const durationMs = performance.now() - sentAt
      this.observer?.requestEnded({ endpoint: endpointOf(path), outcome, durationMs, bytes })
    }
    const onRetry = () => {
      tally.retries++
      tell('retried')
      sentAt = performance.now()
    }
    const response = this.got(path.slice(1), {
      responseType: 'buffer',
      searchParams: request.query ?? {},
      headers: { accept: request.accept, ...(tenant === undefined ? {} : { 'x-scope-orgid': tenant }) },
      signal,
      retry: { limit: request.retries ?? maxRetries },
      timeout: { request: Math.min(this.timeoutMs, request.timeoutMs ?? this.timeoutMs) },
      hooks: { beforeRetry: [onRetry] },
    })
    void response.on('downloadProgress', ({ transferred }) => {
      if (transferred > this.maxAnswerBytes) response.cancel()
    })
    try {
      const { statusCode, headers, body } = await response
      if (statusCode >= 300) throw new TempoStatusError(path, statusCode, 'a redirect')
      const plain = await this.decompress(body, headers['content-encoding'])
      tally.bytes += plain.length
      tell('ok', plain.length)
      return { body: plain, contentType: (headers['content-type'] ?? '').replace(/;.*/s, '').trim() }
    } catch (error) {
      tell(signal.aborted ? 'cancelled' : 'failed')
      signal.throwIfAborted()
      throw this.explain(path, error)
    }
  }

  close(): void {
    this.agents.http.destroy()
    this.agents.https.destroy()
  }

  /** Exponential with jitter, or what the server asks for; 0 where asking again cannot help. */
  private retryDelay({ attemptCount, retryOptions, error, retryAfter, computedValue }: RetryObject): number {
    if (attemptCount > (retryOptions.limit ?? 0) || computedValue === 0) return 0
    if (error instanceof TimeoutError && error.event !== 'connect') return 0
    if (error instanceof HTTPError) {
      const { statusCode } = error.response
      const answered = new TempoStatusError('', statusCode, this.errorText(error.response))
      if (isTooLarge(answered) || (statusCode !== 504 && isTooSlow(answered))) return 0
      if (statusCode === 500 && attemptCount > maxRetriesOf500) return 0
    }
    return retryAfter ?? this.retryDelayMs * 2 ** (attemptCount - 1) * (0.5 + Math.random())
  }

  private async decompress(body: Buffer, encoding: string | undefined): Promise<Buffer> {
    if (encoding !== 'gzip') return body
    try {
      // In one piece, where it is as long as it says.
      const chunkSize = Math.max(minChunkBytes, Math.min(this.maxAnswerBytes, inflatedLength(body)) + 64)
      const inflated = await gunzipAsync(body, { chunkSize, maxOutputLength: this.maxAnswerBytes })
      freeMemory(body)
      return inflated
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw this.tooLarge()
      throw new TempoAnswerError("Tempo's answer is damaged: not the gzip it says it is", { cause: error })
    }
  }

  private explain(path: string, error: unknown): unknown {
    if (error instanceof HTTPError) {
      return new TempoStatusError(path, error.response.statusCode, this.errorText(error.response))
    }
    if (!(error instanceof RequestError)) return error
    const { name, code, message } = error
    if (name === 'CancelError') return this.tooLarge()
    if (error instanceof TimeoutError) {
      return new TempoConnectionError(
        `Tempo did not answer ${path} in time`,
        error.event !== 'connect',
        withoutRequest(error),
      )
    }
    const brokeOff = code === 'ECONNRESET' || /aborted|socket hang up|premature/i.test(message)
    return new TempoConnectionError(
      `Tempo cannot be reached at tempo.url (${code})`,
      brokeOff,
      withoutRequest(error),
    )
  }

  /** What Tempo says with an error status: a line of text, compressed or not. */
  private errorText(answer: { headers: IncomingHttpHeaders; rawBody?: Uint8Array }): string {
    const { headers, rawBody } = answer
    if (!rawBody) return ''
    try {
      const isGzip = headers['content-encoding'] === 'gzip'
      const body = isGzip ? gunzipSync(rawBody, { maxOutputLength: maxErrorBytes }) : Buffer.from(rawBody)
      return this.withoutSecrets(body.toString('utf8', 0, maxErrorBytes)).slice(0, 2000)
    } catch {
      return ''
    }
  }

  private tooLarge(): TempoTooLargeError {
    return new TempoTooLargeError(`Tempo's answer is larger than max_answer_bytes (${this.maxAnswerBytes})`)
  }
}

/** How long the last member of a gzip says it is (RFC 1952), which commonly is the only one; no more than can be. */
function inflatedLength(gzip: Buffer): number {
  return gzip.length < 4 ? 0 : Math.min(gzip.readUInt32LE(gzip.length - 4), gzip.length * 1032)
}

/** The error without the request it carries, whose headers are secrets. */
function withoutRequest({ name, message, code }: RequestError): Error {
  return Object.assign(new Error(message), { name, code })
}
