import { createHash } from 'node:crypto'
import { join } from 'node:path'
import t from 'tap'
import { complaint, load, refused } from './sources.ts'

const secret = 'geheim-geheim-geheim-1'
const other = 'geheim-geheim-geheim-2'
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const withTokens = (...tokens: object[]) => JSON.stringify({ server: { auth: { tokens } } })

t.test('reads tokens from the file, from a variable in it, from a token file and from JSON', async (t) => {
  const file = join(t.testdir({ token: `${other}\n` }), 'token')
  const text = withTokens(
    { name: 'a', token: `\${A_TOKEN}`, scopes: ['read'] },
    { name: 'b', token_file: file, scopes: ['read', 'write'] },
  )
  const expected = [
    { name: 'a', sha256: sha256(secret), scopes: ['read'] },
    { name: 'b', sha256: sha256(other), scopes: ['read', 'write'] },
  ]
  const config = load(text, { env: { A_TOKEN: secret } })
  t.same(config.server.auth.tokens, expected)
  t.notOk(JSON.stringify(config).includes('geheim'), 'only hashes are kept')

  const json = JSON.stringify([{ name: 'a', token: secret, scopes: ['read'] }])
  t.same(load('', { env: { TTA_SERVER_AUTH_TOKENS: json } }).server.auth.tokens, expected.slice(0, 1))
  t.same(load('').server.auth.tokens, [])
})

t.test('describes an error of a token without the token', async (t) => {
  const empty = join(t.testdir({ empty: '\n' }), 'empty')
  const good = { name: 'a', token: secret, scopes: ['read'] }
  const cases: [tokens: object[], said: RegExp][] = [
    [[{ ...good, token: 'geheim' }], /^server\.auth\.tokens\[0\]\.token must match .*16 to 512/],
    [[{ ...good, token: `${secret} x` }], /^server\.auth\.tokens\[0\]\.token must match/],
    [[{ ...good, scopes: ['geheim'] }], /scopes\[0\] must be one of "read", "write", "webhook"/],
    [[{ ...good, scopes: [] }], /^server\.auth\.tokens\[0\]\.scopes must NOT have fewer than 1 items/],
    [[{ ...good, geheim: 1 }], /geheim is not a known key/],
    [[{ name: 'a', scopes: ['read'] }], /^server\.auth\.tokens\[0\] must have either token or token_file/],
    [[{ ...good, token_file: 'x' }], /must have either token or token_file/],
    [
      [{ name: 'a', scopes: ['read'], token_file: '/none' }],
      /tokens\[0\]\.token_file cannot be read \(ENOENT\)/,
    ],
    [[{ name: 'a', scopes: ['read'], token_file: empty }], /token_file must be a file with one token/],
    [[good, { ...good, token: other }], /^server\.auth\.tokens\[1\]\.name must be unique/],
    [[good, { ...good, name: 'b' }], /^server\.auth\.tokens\[1\] must not have the token of another/],
    [[{ ...good, token: '$' + '{NONE}' }], /^server\.auth\.tokens\[0\]\.token needs .* NONE/],
  ]
  for (const [tokens, said] of cases) {
    t.match(complaint(t, withTokens(...tokens)), said)
    const { message } = refused(withTokens(...tokens))
    t.notOk(/geheim[^\s]*(-| x|")/.test(message.replace('geheim is not', '')), message)
  }
  const env = { TTA_SERVER_AUTH_TOKENS: secret }
  t.equal(
    complaint(t, '', { env }),
    'server.auth.tokens must be an array (set by TTA_SERVER_AUTH_TOKENS, as JSON)',
  )
  t.notOk(refused('', { env }).message.includes(secret))
})
