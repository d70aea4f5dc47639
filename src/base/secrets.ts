/** Shortest secret that is replaced: shorter ones are part of ordinary words. */
const minLength = 4
/** Whether a header is no secret, and may appear in an error. */
const isOpen = (name: string) => ['user-agent', 'x-scope-orgid'].includes(name.toLowerCase())

/**
 * Creates a function that removes credentials from the error text of an upstream. Gateways repeat the token they refuse.
 *
 * @param headers as they are sent
 * @returns replaces every credential in the headers by ***, also the credentials inside basic auth
 */
export function createRedactor(headers: Record<string, string>): (text: string) => string {
  const secrets = Object.entries(headers)
    .flatMap(([name, value]) => (isOpen(name) ? [] : secretsOf(value)))
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])
    .filter((secret) => secret.length >= minLength)
    // The longest first: a replaced part would leave the rest of a longer secret.
    .sort((a, b) => b.length - a.length)
  return (text) => secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
}

function secretsOf(value: string): string[] {
  const [scheme = '', credentials = ''] = value.split(/ +/)
  if (scheme.toLowerCase() !== 'basic') return [value, credentials]
  const decoded = Buffer.from(credentials, 'base64').toString()
  return [value, credentials, decoded, decoded.slice(decoded.indexOf(':') + 1)]
}
