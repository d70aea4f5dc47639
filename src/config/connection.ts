import { readFileSync } from 'node:fs'

/** Where a server is, and every header to send to it. Headers contain credentials: never log them. */
export interface Connection {
  /** Without trailing slash, `/api` and credentials. */
  url: string
  headers: Record<string, string>
}

/** The keys of a section that say how to reach a server. */
interface ConnectionSection {
  url?: string
  headers: Record<string, string>
  basic_auth?: { username: string; password: string }
  bearer_token?: string
}

/**
 * Turns the credentials of a section, whichever way they are given, into an Authorization header.
 *
 * @returns undefined if the section has no `url`
 */
export function connectionOf(section: ConnectionSection): Connection | undefined {
  if (section.url === undefined) return undefined
  const { url, authorization = configuredAuthorization(section) } = parseBaseUrl(section.url)
  return { url, headers: { ...section.headers, ...(authorization === undefined ? {} : { authorization }) } }
}

function configuredAuthorization({ basic_auth: basic, bearer_token: token }: ConnectionSection) {
  if (basic !== undefined) return basicAuthorization(basic.username, basic.password)
  return token === undefined ? undefined : `Bearer ${token}`
}

/** @throws {RangeError} the file cannot be read or holds no certificate in PEM (RFC 7468) */
export function readAuthority(path: string): string {
  const pem = readText(path)
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem
  throw new RangeError('must be a file with certificates in PEM')
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new RangeError(`cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}

interface BaseUrl {
  /** Without trailing slash, `/api` and credentials. */
  url: string
  /** `Basic ...` from the credentials in the address (RFC 7617), if there are any. */
  authorization: string | undefined
}

/** Whether an address contains a user name or a password. */
export function hasCredentials(url: string | undefined): boolean {
  return url !== undefined && URL.canParse(url) && new URL(url).username + new URL(url).password !== ''
}

/**
 * @param text http or https, with or without a path prefix, a trailing slash or `/api`, and `user:password@`
 * @param example an address of this kind, for the error
 * @throws {RangeError} without the text, which may be a secret
 */
export function parseBaseUrl(text: string, example = 'http://localhost'): BaseUrl {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new RangeError(`must be an http or https URL, such as ${example}`)
  }
  if (url.search !== '' || url.hash !== '') throw new RangeError('must have neither ? nor #')
  const path = url.pathname.replace(/\/+$/, '').replace(/\/api$/, '')
  const authorization = url.username || url.password ? basicAuthorization(...credentials(url)) : undefined
  return { url: `${url.origin}${path}`, authorization }
}

/** Follows RFC 7617 with UTF-8. */
function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`
}

function credentials(url: URL): [string, string] {
  try {
    return [decodeURIComponent(url.username), decodeURIComponent(url.password)]
  } catch {
    throw new RangeError('must have its user name and password percent-encoded')
  }
}
