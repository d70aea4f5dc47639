import { Agent as HttpAgent, type IncomingHttpHeaders } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { gunzipSync } from 'node:zlib'
import { SpanKind } from '@opentelemetry/api'
import { type Got, got, HTTPError, RequestError, TimeoutError } from 'got'
import { createRedactor } from '../../../base/secrets.ts'
import { withSpan } from '../../../base/tracing.ts'
import { decompress, tooLarge } from './decompress.ts'
import { maxRetries, maxRetryAfterMs, retriedStatuses, retryDelayMs } from './retry.ts'
import { TempoAnswerError, TempoConnectionError, TempoStatusError } from './tempo-errors.ts'

/** Largest error text that is read; Tempo's are shorter. */
const maxErrorBytes = 65_536

export interface TempoClientOptions {
  /** Base URL; a path prefix is kept, a trailing `/api` or slash is ignored. */
  url: string
  /** Sent with every request: authorization, tenant, and others that the operator configures. */
  headers: Record<string, string>
  /** For one request, without its retries. */
  timeoutMs: number
  /** Largest answer that is accepted, after decompression. */
  maxAnswerBytes: number
  /** Most requests in flight. */
  maxSockets: number
  /** PEM of a certificate authority to trust in addition to the system's. */
  ca?: string | undefined
  observer?: TempoObserver | undefined
  /** Delay before the first retry; it doubles each time. */
  retryDelayMs?: number | undefined
}

/** The cost of the requests of one read. */
export interface RequestTally {
  requests: number
  retries: number
  /** After decompression. */
  bytes: number
}

export interface TempoRequest {
  /** Path below the base URL, such as `/api/search`. */
  path: string
  query?: Record<string, string | number>
  accept: 'application/protobuf' | 'application/json'
  /** X-Scope-OrgID, in place of the configured one. */
  tenant?: string | undefined
  /** Most retries. @default `maxRetries` */
  retries?: number | undefined
  /** Timeout, ms, if shorter than the client's. */
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

/**
 * The outcome of one request as it was sent. A `retried` request failed and was sent again. A `cancelled` request ended
 * because its caller aborted it.
 */
type TempoOutcome = 'ok' | 'retried' | 'failed' | 'cancelled'

/** Receives every request to Tempo, for metrics. */
export interface TempoObserver {
  /**
   * @param endpoint path, with `{id}` for a trace id
   * @param durationMs for a `retried` request with the pause before it was sent again
   * @param bytes of the answer, after decompression
   */
  requestEnded(request: { endpoint: string; outcome: TempoOutcome; durationMs: number; bytes: number }): void
}

/** Time in which a connection that is reset was refused, ms. A request that breaks off later may have been too large. */
const refusedWithinMs = 1000

/** Sends GET requests to one Tempo, with retries, timeouts, a limit on bytes, and an abort signal. */
export class TempoClient {
  private readonly got: Got
  private readonly agents: { http: HttpAgent; https: HttpsAgent }
  private readonly maxAnswerBytes: number
  private readonly timeoutMs: number
  private readonly observer: TempoObserver | undefined
  private readonly redact: (text: string) => string

  constructor(options: TempoClientOptions) {
    const agent = { keepAlive: true, maxSockets: options.maxSockets, scheduling: 'lifo' } as const
    this.agents = { http: new HttpAgent(agent), https: new HttpsAgent(agent) }
    this.maxAnswerBytes = options.maxAnswerBytes
    this.timeoutMs = options.timeoutMs
    const firstDelayMs = options.retryDelayMs ?? 500
    this.observer = options.observer
    this.redact = createRedactor(options.headers)
    this.got = got.extend({
      prefixUrl: options.url.replace(/\/+$/, '').replace(/\/api$/, ''),
      agent: this.agents,
      headers: { 'user-agent': 'tta', ...options.headers, 'accept-encoding': 'gzip' },
      // `decompress` below does it, with a limit on the size.
      decompress: false,
      followRedirect: false,
      timeout: { connect: 5000 },
      retry: {
        limit: maxRetries,
        methods: ['GET'],
        statusCodes: retriedStatuses,
        maxRetryAfter: maxRetryAfterMs,
        calculateDelay: (retry) => retryDelayMs(retry, firstDelayMs, (response) => this.errorText(response)),
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
    const notify = (outcome: TempoOutcome, bytes = 0) => {
      const durationMs = performance.now() - sentAt
      this.observer?.requestEnded({ endpoint: endpointOf(path), outcome, durationMs, bytes })
    }
    const onRetry = () => {
      tally.retries++
      notify('retried')
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
    let received = 0
    void response.on('downloadProgress', ({ transferred }) => {
      received = transferred
      if (transferred > this.maxAnswerBytes) response.cancel()
    })
    try {
      const { statusCode, headers, body } = await response
      if (statusCode >= 300) throw new TempoStatusError(path, statusCode, 'a redirect')
      // Such as 202 or 206, by which a gateway says that the body is not the answer, or a part of it.
      if (statusCode !== 200) throw new TempoAnswerError(`${path} answered ${statusCode} instead of 200`)
      const plain = await decompress(body, headers['content-encoding'], this.maxAnswerBytes)
      tally.bytes += plain.length
      notify('ok', plain.length)
      return { body: plain, contentType: (headers['content-type'] ?? '').replace(/;.*/s, '').trim() }
    } catch (error) {
      notify(signal.aborted ? 'cancelled' : 'failed')
      signal.throwIfAborted()
      const wasWorking = received > 0 || performance.now() - sentAt > refusedWithinMs
      throw this.explain(path, error, wasWorking)
    }
  }

  close(): void {
    this.agents.http.destroy()
    this.agents.https.destroy()
  }

  /** @param wasWorking whether Tempo had started to answer, or had tried for a while */
  private explain(path: string, error: unknown, wasWorking: boolean): unknown {
    if (error instanceof HTTPError) {
      return new TempoStatusError(path, error.response.statusCode, this.errorText(error.response))
    }
    if (!(error instanceof RequestError)) return error
    const { name, code, message } = error
    if (name === 'CancelError') return tooLarge(this.maxAnswerBytes)
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
      brokeOff && wasWorking,
      withoutRequest(error),
    )
  }

  /** The text of an answer with an error status; it may be compressed. */
  private errorText(answer: { headers: IncomingHttpHeaders; rawBody?: Uint8Array }): string {
    const { headers, rawBody } = answer
    if (!rawBody) return ''
    try {
      const isGzip = headers['content-encoding'] === 'gzip'
      const body = isGzip ? gunzipSync(rawBody, { maxOutputLength: maxErrorBytes }) : Buffer.from(rawBody)
      return this.redact(body.toString('utf8', 0, maxErrorBytes)).slice(0, 2000)
    } catch {
      return ''
    }
  }
}

/** Copies the error without its request, whose headers are secrets. */
function withoutRequest({ name, message, code }: RequestError): Error {
  return Object.assign(new Error(message), { name, code })
}

/** The path with a placeholder for the trace id. */
function endpointOf(path: string): string {
  return path.replace(/\/traces\/[^/]+$/, '/traces/{id}')
}
