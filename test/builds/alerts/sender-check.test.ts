import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import {
  challenge,
  checkSender,
  hasSenderAuth,
  type SenderAuth,
  signatureProblem,
} from '../../../src/builds/alerts/sender-check.ts'

const body = Buffer.from('{"receiver":"tta","status":"firing"}')
const nobody: SenderAuth = { bearerToken: undefined, basic: undefined, signature: undefined }
const unsigned = { secret: 'secret', header: 'x-grafana-alerting-signature', toleranceSec: 300 }
const plain = { ...unsigned, timestampHeader: undefined }
const stamped = { ...unsigned, timestampHeader: 'x-grafana-alerting-timestamp' }
const sentMs = 1_700_000_000_000

/** Of grafana/alerting, http/hmac.go, secret `secret`. */
const vectors = {
  plain: '5e19b66a8c5c4cd2fb2e9238d2420878ff2a9ef089b021820287c15163b9986a',
  stamped: '5dbe103c3b202366f56bdd36d02e55ab33d16e8736fc2717f8d874440a1c4c38',
}

t.test("accepts Grafana's signatures, with and without timestamp", async (t) => {
  const signed = { 'x-grafana-alerting-signature': vectors.plain }
  t.equal(signatureProblem(plain, signed, body, sentMs), undefined)
  const both = {
    'x-grafana-alerting-signature': vectors.stamped,
    'x-grafana-alerting-timestamp': '1700000000',
  }
  t.equal(signatureProblem(stamped, both, body, sentMs), undefined)
  t.equal(signatureProblem(stamped, both, body, sentMs + 300_000), undefined, 'at the limit of the tolerance')
  t.equal(
    signatureProblem(stamped, both, body, sentMs - 300_000),
    undefined,
    'with a clock ahead of this one',
  )
})

t.test('says why a signature is not valid', async (t) => {
  const header = 'x-grafana-alerting-signature'
  const time = 'x-grafana-alerting-timestamp'
  const cases: [what: string, headers: Record<string, string | string[]>, reason: RegExp, atMs?: number][] = [
    ['no signature', { [time]: '1700000000' }, /signature is missing/],
    ['two signatures', { [header]: [vectors.stamped], [time]: '1700000000' }, /signature is missing/],
    ['no timestamp', { [header]: vectors.plain }, /timestamp is missing/],
    [
      'signed without its timestamp',
      { [header]: vectors.plain, [time]: '1700000000' },
      /not a valid signature/,
    ],
    ['another time', { [header]: vectors.stamped, [time]: '1700000001' }, /not a valid signature/],
    ['time as a word', { [header]: vectors.stamped, [time]: 'now' }, /not a time in Unix seconds/],
    ['negative time', { [header]: vectors.stamped, [time]: '-1700000000' }, /not a time/],
    ['too late', { [header]: vectors.stamped, [time]: '1700000000' }, /more than 300 s/, sentMs + 301_000],
    ['too early', { [header]: vectors.stamped, [time]: '1700000000' }, /more than 300 s/, sentMs - 301_000],
    ['too long', { [header]: `${vectors.stamped}00`, [time]: '1700000000' }, /not a valid signature/],
    ['cut', { [header]: vectors.stamped.slice(1), [time]: '1700000000' }, /not a valid signature/],
    ['empty', { [header]: '', [time]: '1700000000' }, /not a valid signature/],
    ['no hex', { [header]: 'g'.repeat(64), [time]: '1700000000' }, /not a valid signature/],
    ['zeros', { [header]: '0'.repeat(64), [time]: '1700000000' }, /not a valid signature/],
  ]
  for (const [what, headers, reason, atMs = sentMs] of cases) {
    t.match(signatureProblem(stamped, headers, body, atMs), reason, what)
  }
  for (let at = 0; at < body.length; at++) {
    const changed = Buffer.from(body)
    changed[at] = (changed[at] ?? 0) ^ 1
    t.match(signatureProblem(plain, { [header]: vectors.plain }, changed, sentMs), /not a valid signature/)
  }
})

t.test('admits any body signed with the secret, and none signed with another', async () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.string({ minLength: 1 }), (bytes, secret) => {
      const hex = createHmac('sha256', secret).update(bytes).digest('hex')
      const headers = { 'x-grafana-alerting-signature': hex }
      const holds = (by: string) =>
        signatureProblem({ ...plain, secret: by }, headers, bytes, sentMs) === undefined
      return holds(secret) && !holds(`${secret}x`)
    }),
  )
})

t.test('admits a sender with any of the configured credentials', async (t) => {
  const auth: SenderAuth = {
    bearerToken: 't0ken',
    basic: { username: 'grafana', password: 'pässword:x' },
    signature: plain,
  }
  const basic = `Basic ${Buffer.from('grafana:pässword:x').toString('base64')}`
  const admitted: Record<string, string>[] = [
    { authorization: 'Bearer t0ken' },
    { authorization: 'bearer  t0ken' },
    { authorization: basic },
    { 'x-grafana-alerting-signature': vectors.plain },
    { 'x-grafana-alerting-signature': vectors.plain.toUpperCase() },
    { authorization: 'Bearer old', 'x-grafana-alerting-signature': vectors.plain },
  ]
  for (const headers of admitted) t.doesNotThrow(() => checkSender(auth, headers, body, sentMs))
  const refused: Record<string, string | string[]>[] = [
    {},
    { authorization: ['Bearer t0ken'] },
    { authorization: 't0ken' },
    { authorization: 'Bearer' },
    { authorization: 'Bearer t0ke' },
    { authorization: 'Bearer t0kenx' },
    { authorization: 'Basic t0ken' },
    { authorization: `Bearer ${basic.slice(6)}` },
    { authorization: `Basic ${Buffer.from('grafana:').toString('base64')}` },
    { 'x-grafana-alerting-signature': vectors.stamped },
  ]
  for (const headers of refused) {
    t.throws(() => checkSender(auth, headers, body, sentMs), {
      code: 'TTA_UNAUTHORIZED',
      message:
        /^Authentication of the sender failed: no valid bearer token; no valid basic credentials; the header/,
    })
  }
  t.equal(hasSenderAuth(auth), true)
  t.match(challenge(auth), /^Bearer .*, Basic .*, HMAC-SHA256 /)
})

t.test('admits every sender when no credentials are configured', async (t) => {
  t.equal(hasSenderAuth(nobody), false)
  t.doesNotThrow(() => checkSender(nobody, {}, body, sentMs))
})
