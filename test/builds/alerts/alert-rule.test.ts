import fc from 'fast-check'
import { RE2JS } from 're2js'
import t from 'tap'
import {
  type AlertRuleOptions,
  alertRule,
  alertWindow,
  labelMatcher,
} from '../../../src/builds/alerts/alert-rule.ts'
import { firing, nowMs, resolved } from '../../support/alert-notifications.ts'

const options: AlertRuleOptions = {
  name: 'latency',
  match: {},
  on: 'firing',
  graph: 'micro',
  beforeSec: 900,
  afterSec: 300,
  parameters: {},
}
const rule = (more: Partial<AlertRuleOptions>) => alertRule({ ...options, ...more })

t.test('reads the matchers of Alertmanager', async (t) => {
  const cases: [text: string, value: string, matches: boolean][] = [
    ['critical', 'critical', true],
    ['critical', 'Critical', false],
    ['critical', 'critical2', false],
    ['critical', '', false],
    ['=critical', 'critical', true],
    ['==critical', '=critical', true],
    ['=~critical|page', 'page', true],
    ['=~critical|page', 'pager', false],
    ['=~crit.*', 'critical', true],
    ['=~crit', 'critical', false],
    ['=~.*', '', true],
    ['=~.+', '', false],
    ['=~a.b', 'a\nb', true],
    ['!=critical', 'warning', true],
    ['!=critical', '', true],
    ['!=critical', 'critical', false],
    ['!~crit.*', 'critical', false],
    ['!~crit.*', '', true],
    ['', '', true],
    ['', 'x', false],
    ['a(', 'a(', true],
  ]
  for (const [text, value, matches] of cases) {
    t.equal(
      labelMatcher('x', text).matches(value),
      matches,
      `${text} ${matches ? 'matches' : 'not'} '${value}'`,
    )
  }
})

t.test('matches when all matchers of a rule match', async (t) => {
  const { matches } = rule({ match: { alertname: 'HighLatency', severity: '=~critical|page' } })
  t.ok(matches(firing({ alertname: 'HighLatency', severity: 'page', other: 'x' })))
  t.notOk(matches(firing({ alertname: 'HighLatency', severity: 'info' })))
  t.notOk(matches(firing({ alertname: 'HighLatency' })))
  t.notOk(matches(firing({ severity: 'page' })))
  t.ok(rule({}).matches(firing({})), 'a rule without matchers matches every alert')
  t.notOk(rule({ match: { toString: '=~.+' } }).matches(firing({})), 'inherited properties are not labels')
})

t.test('puts the window around the alert', async (t) => {
  const window = (startsAt: string, endsAt: string | undefined, status: 'firing' | 'resolved') =>
    Object.values(
      alertWindow(
        {
          ...(status === 'firing' ? firing({}) : resolved({})),
          startsAt,
          ...(endsAt === undefined ? {} : { endsAt }),
        },
        { beforeSec: 900, afterSec: 300 },
        nowMs,
      ),
    )
  const zero = '0001-01-01T00:00:00Z'
  const cases: [what: string, made: string[], expected: string[]][] = [
    ['fires', window('2025-06-01T09:50:00Z', zero, 'firing'), ['2025-06-01T09:35:00.000Z', 'now']],
    [
      'ends later',
      window('2025-06-01T09:50:00Z', '2025-06-01T10:05:00Z', 'firing'),
      ['2025-06-01T09:35:00.000Z', 'now'],
    ],
    [
      'resolved',
      window('2025-06-01T09:00:00Z', '2025-06-01T09:10:00Z', 'resolved'),
      ['2025-06-01T08:45:00.000Z', '2025-06-01T09:15:00.000Z'],
    ],
    [
      'resolved just now',
      window('2025-06-01T09:00:00Z', '2025-06-01T09:58:00Z', 'resolved'),
      ['2025-06-01T08:45:00.000Z', 'now'],
    ],
    [
      'resolved without end',
      window('2025-06-01T09:00:00Z', zero, 'resolved'),
      ['2025-06-01T08:45:00.000Z', 'now'],
    ],
    [
      'another zone',
      window('2025-06-01T11:50:00.123456789+02:00', zero, 'firing'),
      ['2025-06-01T09:35:00.123Z', 'now'],
    ],
    ['a week and more', window('2025-05-01T00:00:00Z', zero, 'firing'), ['2025-05-25T10:01:00.000Z', 'now']],
    ['no start', window(zero, zero, 'firing'), ['2025-06-01T09:44:59.999Z', 'now']],
    ['from the future', window('2025-06-01T10:01:00Z', zero, 'firing'), ['2025-06-01T09:44:59.999Z', 'now']],
  ]
  for (const [what, made, expected] of cases) t.same(made, expected, what)
})

t.test('a firing alert lasts until now, whatever its end says', async (t) => {
  const ended = { ...firing({ service: 'cart' }), endsAt: new Date(nowMs - 400_000).toISOString() }
  t.equal(rule({}).parameters(ended, nowMs).to, 'now')
})

t.test('fills the parameters of the rule with values of the alert', async (t) => {
  const { parameters } = rule({
    parameters: {
      filter: '^{{ labels.service }}$',
      level: 'service',
      query: '{ span.env = {{labels.env}} }',
    },
  })
  t.same(parameters(firing({ service: 'cart', env: 'prod' }), nowMs), {
    graph: 'micro',
    filter: '^cart$',
    level: 'service',
    query: '{ span.env = "prod" }',
    from: '2025-06-01T09:35:00.000Z',
    to: 'now',
  })
  const annotated = rule({ parameters: { filter: '{{ annotations.team }}-{{ labels.service }}' } })
  t.equal(
    annotated.parameters({ ...firing({ service: 'a' }), annotations: { team: 'x.y' } }, nowMs).filter,
    'x\\.y-a',
  )
})

t.test('names a label that is missing or empty', async (t) => {
  const { parameters } = rule({ parameters: { filter: '^{{ labels.service }}$' } })
  for (const labels of [{}, { service: '' }]) {
    t.throws(() => parameters(firing(labels), nowMs), {
      name: 'MissingValue',
      message: 'the alert has no label service',
    })
  }
  const inherited = rule({ parameters: { filter: '{{ labels.toString }}' } })
  t.throws(() => inherited.parameters(firing({}), nowMs), { name: 'MissingValue' })
  const annotated = rule({ parameters: { filter: '{{ annotations.team }}' } })
  t.throws(() => annotated.parameters(firing({}), nowMs), { message: 'the alert has no annotation team' })
})

t.test('quotes a value in a filter, so that it matches only itself', async () => {
  const templates = [
    '^{{ labels.service }}$',
    '^(?:a|({{ labels.service }}))$',
    '(?i)^x?{{ labels.service }}(b|$)',
  ]
  const rules = templates.map((filter) => rule({ parameters: { filter } }))
  const hostile = fc.oneof(
    fc.string({ minLength: 1, maxLength: 30, unit: 'binary' }),
    fc.string({
      minLength: 1,
      maxLength: 30,
      unit: fc.constantFrom(...'\\.+*?()|[]{}^$QEdwszpPux,-0123aA\n"`'),
    }),
  )
  fc.assert(
    fc.property(hostile, hostile, (service, other) => {
      const filters = rules.map(({ parameters }) => parameters(firing({ service }), nowMs).filter ?? '')
      const exact = RE2JS.compile(filters[0] ?? '', RE2JS.DOTALL)
      for (const filter of filters) RE2JS.compile(filter)
      return exact.matcher(service).find() && exact.matcher(other).find() === (other === service)
    }),
    { numRuns: 200 },
  )
})

t.test('quotes a value in a query as one string', async (t) => {
  const { parameters } = rule({ parameters: { query: '{ span.customer = {{ labels.customer }} }' } })
  const query = (customer: string) => parameters(firing({ customer }), nowMs).query
  t.equal(query('a" || true || "'), '{ span.customer = "a\\" || true || \\"" }')
  t.equal(query('`\\\n'), '{ span.customer = "`\\\\\\n" }')
  t.equal(query('.*'), '{ span.customer = ".*" }')
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 100, unit: 'binary' }), (customer) => {
      const [, string = ''] = /^\{ span\.customer = (".*") \}$/s.exec(query(customer) ?? '') ?? []
      const endsAtItsEnd = !/[^\\](?:\\\\)*"./s.test(string)
      return JSON.parse(string) === customer.toWellFormed() && endsAtItsEnd
    }),
  )
})

t.test('refuses a filled template that is too long', async (t) => {
  const { parameters } = rule({
    parameters: { filter: '{{ labels.a }}', query: '{ .a = {{ labels.b }} }' },
  })
  t.throws(() => parameters(firing({ a: 'a'.repeat(257), b: 'b' }), nowMs), /at most 256 characters/)
  t.throws(() => parameters(firing({ a: 'a', b: 'b'.repeat(4096) }), nowMs), /at most 4096 characters/)
  t.equal(parameters(firing({ a: 'a'.repeat(256), b: 'b' }), nowMs).filter?.length, 256, 'as long as allowed')
})

t.test('names every wrong key of a rule', async (t) => {
  const cases: [more: Partial<AlertRuleOptions>, field: string, message: RegExp][] = [
    [{ match: { severity: '=~(' } }, 'match.severity', /RE2 regular expression after the ~/],
    [{ match: { severity: '!~(?=a)' } }, 'match.severity', /RE2/],
    [{ parameters: { filter: '(' } }, 'filter', /RE2/],
    [{ parameters: { filter: '{{ service }}' } }, 'filter', /neither {{ labels.NAME }} nor/],
    [{ parameters: { filter: '{{ .Labels.service }}' } }, 'filter', /neither/],
    [{ parameters: { filter: '{{ labels.service' } }, 'filter', /neither/],
    [{ parameters: { query: '{ name =~ {{ labels.a }} }' } }, 'query', /after = or !=/],
  ]
  const asText = (text: string) =>
    cases.push([{ parameters: { filter: text } }, 'filter', /where plain text is/])
  for (const text of [
    '[{{ labels.a }}]',
    '[^{{ labels.a }}]',
    '[{{ labels.a }}] {{ labels.b }}',
    '[[:alpha:]{{ labels.a }}]',
    'a{{{ labels.a }}}',
    'a{1,{{ labels.a }}}',
    '\\{{ labels.a }}',
    '\\x{{{ labels.a }}}',
    '\\x4{{ labels.a }}',
    '\\0{{ labels.a }}',
    '\\p{{{ labels.a }}}',
    '\\Q{{ labels.a }}\\E',
    '(?{{ labels.a }})',
    '(?P<{{ labels.a }}>x)',
    '{{ labels.a }}*',
    '{{ labels.a }}+',
    '{{ labels.a }}{2}',
  ]) {
    asText(text)
  }
  const asValue = (text: string) => cases.push([{ parameters: { query: text } }, 'query', /after = or !=/])
  for (const text of [
    '{ name = "{{ labels.a }}" }',
    '{ name = `{{ labels.a }}` }',
    '{ name = "a = {{ labels.a }}" }',
    '{ name = "a = {{ labels.a }} b" }',
    '{ name = 1 // = {{ labels.a }} }',
    '{ name = "\\" = {{ labels.a }}" }',
    '{ name !~ {{ labels.a }} }',
    '{ duration >= {{ labels.a }} }',
    '{ {{ labels.a }} = 1 }',
    '{{ labels.a }}',
    '{ name = {{ labels.a }}.b }',
    '{ name = {{ labels.a }}"" }',
    '// "\n{ name = "b = {{ labels.a }}" }',
  ]) {
    asValue(text)
  }
  for (const [more, field, message] of cases) {
    const shown = JSON.stringify(more)
    t.throws(() => rule(more), { errors: [{ field, message }] }, shown)
  }
  t.throws(
    () => rule({ match: { a: '=~(' }, parameters: { filter: '(', query: '{{' } }),
    { errors: [{ field: 'match.a' }, { field: 'filter' }, { field: 'query' }] },
    'all at once',
  )
})
