export interface BaseUrl {
  /** Without trailing slash, `/api` and credentials. */
  url: string
  /** `Basic ...` from the credentials in the address (RFC 7617), if it had any. */
  authorization: string | undefined
}

/**
 * @param text http or https, with or without a path prefix, a trailing slash or `/api`, and `user:password@`
 * @param example an address of the kind that is wanted, for the error
 * @throws {RangeError} what is allowed; never quotes the text
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

/** RFC 7617, UTF-8. */
export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`
}

function credentials(url: URL): [string, string] {
  try {
    return [decodeURIComponent(url.username), decodeURIComponent(url.password)]
  } catch {
    throw new RangeError('must have its user name and password percent-encoded')
  }
}
