import type { Problem } from '../../model/problem.ts'

/** A failed request, with a message for the user. */
export class RequestError extends Error {
  /** HTTP status; 0 if there was no answer. */
  readonly status: number
  readonly problem: Problem | undefined

  constructor(status: number, message: string, problem?: Problem) {
    super(message)
    this.name = 'RequestError'
    this.status = status
    this.problem = problem
  }
}

/** Asks the user for a token. @param why reason shown to the user @returns undefined if the user cancels */
export type AskToken = (why: string) => Promise<string | undefined>

export interface RequestOptions {
  method?: string
  headers?: Record<string, string>
  /** Value that is sent as JSON. */
  body?: unknown
  signal?: AbortSignal | undefined
}

const tokenKey = 'tta.token'

/** Client of the HTTP API. Asks for a token when the API requires one and keeps it until the tab is closed. */
export class Api {
  private readonly askToken: AskToken
  private asking: Promise<string | undefined> | undefined

  constructor(askToken: AskToken) {
    this.askToken = askToken
  }

  /** @throws {RequestError} */
  async get<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
    const response = await this.request(path, { signal })
    return (await response.json()) as Answer
  }

  /**
   * @returns a response with status 2xx
   * @throws {RequestError}; DOMException AbortError if the signal aborts
   */
  async request(path: string, options: RequestOptions = {}): Promise<Response> {
    const response = await this.send(path, options)
    if (response.ok) return response
    const failure = await failureOf(response)
    if (response.status !== 401) throw failure
    const token = await this.newToken(failure.message)
    if (token === undefined) throw failure
    sessionStorage.setItem(tokenKey, token)
    return this.request(path, options)
  }

  /** Forgets the token and asks for another one. */
  async changeToken(why: string): Promise<boolean> {
    const token = await this.newToken(why)
    if (token !== undefined) sessionStorage.setItem(tokenKey, token)
    return token !== undefined
  }

  private async send(path: string, { method = 'GET', headers = {}, body, signal }: RequestOptions) {
    const token = sessionStorage.getItem(tokenKey)
    const sent = new Headers(headers)
    if (token !== null) sent.set('authorization', `Bearer ${token}`)
    if (body !== undefined) sent.set('content-type', 'application/json')
    const init = {
      method,
      headers: sent,
      signal: signal ?? null,
      body: body === undefined ? null : JSON.stringify(body),
    }
    try {
      return await fetch(path, init)
    } catch (error) {
      if (signal?.aborted) throw error
      throw new RequestError(0, 'tta does not answer. It may be stopped, or the network may be down.')
    }
  }

  /** Asks only once, even if several requests need a token at the same time. */
  private newToken(why: string): Promise<string | undefined> {
    this.asking ??= this.askToken(why).finally(() => {
      this.asking = undefined
    })
    return this.asking
  }
}

async function failureOf(response: Response): Promise<RequestError> {
  const problem = (await response.json().catch(() => undefined)) as Problem | undefined
  const message = problem?.detail ?? `${response.status} ${response.statusText}`
  return new RequestError(response.status, message, problem)
}
