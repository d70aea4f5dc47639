import { buildApp as buildParts } from './app.ts'
import { loadConfig } from './config/file/load.ts'

// The types below are complete in this file: a user of the package needs no types of the packages inside the bundle.

export interface AppOptions {
  /**
   * The path of a configuration file, or its content as an object.
   *
   * @default the defaults of every key: embedded trace source, port 8080 of 127.0.0.1
   */
  config?: string | object | undefined
  /** Environment variables such as `TTA_TEMPO_URL`. Only those given here count. */
  env?: Record<string, string | undefined> | undefined
}

export interface InjectedRequest {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | undefined
  /** Path and query. */
  url: string
  headers?: Record<string, string> | undefined
  /** An object is sent as JSON. */
  payload?: string | object | Uint8Array | undefined
}

export interface InjectedResponse {
  statusCode: number
  headers: Record<string, number | string | string[] | undefined>
  body: string
  /** Parses the body. */
  json<T = unknown>(): T
}

export interface App {
  /**
   * Listens, at the address of the configuration unless told otherwise. Port 0 takes a free port.
   *
   * @returns the URL
   */
  listen(address?: { host?: string | undefined; port?: number | undefined }): Promise<string>
  /** Answers a request without a network. */
  inject(request: InjectedRequest): Promise<InjectedResponse>
  /** Reads the configuration again. @throws {Error} it is invalid, and the old one stays in use */
  reload(): void
  /** Finishes requests and builds, then closes every part. */
  close(): Promise<void>
}

/**
 * Creates the HTTP service of tta without listening.
 *
 * @throws {Error} the configuration is invalid; the message lists every mistake
 */
export async function buildApp({ config, env = {} }: AppOptions = {}): Promise<App> {
  const readConfig = () =>
    typeof config === 'object'
      ? loadConfig({ text: JSON.stringify(config), env })
      : loadConfig({ path: config, env })
  const first = readConfig()
  const { app, reload, close } = await buildParts(first, { readConfig })
  return {
    listen: ({ host = first.server.host, port = first.server.port } = {}) => app.listen({ host, port }),
    inject: ({ method = 'GET', url, headers = {}, payload }) =>
      app.inject({ method, url, headers, ...(payload !== undefined && { payload: payload as object }) }),
    reload: () => void reload(),
    close,
  }
}
