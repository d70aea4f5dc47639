/** Shorter ones are in many words that mean something else. */
const minLength = 4
/** Headers a person must see to understand a refusal. */
const isOpen = (name: string) => ['user-agent', 'x-scope-orgid'].includes(name.toLowerCase())

/**
 * For what an upstream says of a request: gateways repeat the token they refuse.
 *
 * @param headers as they are sent
 * @returns what puts *** in place of every credential in them, also of those inside basic auth
 */
export function createRedactor(headers: Record<string, string>): (text: string) => string {
  const secrets = Object.entries(headers)
    .flatMap(([name, value]) => (isOpen(name) ? [] : secretsOf(value)))
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])
    .filter((secret) => secret.length >= minLength)
    // A part of another one would leave the rest of it.
    .sort((a, b) => b.length - a.length)
  return (text) => secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
}

function secretsOf(value: string): string[] {
  const [scheme = '', credentials = ''] = value.split(/ +/)
  if (scheme.toLowerCase() !== 'basic') return [value, credentials]
  const decoded = Buffer.from(credentials, 'base64').toString()
  return [value, credentials, decoded, decoded.slice(decoded.indexOf(':') + 1)]
}
