import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { defaultConfig, loadConfig } from '../../src/config/file/load.ts'
import { configExample, configurationPage } from '../../src/config/reference.ts'
import { keys } from '../../src/config/sections/schema-keys.ts'
import { providerOptions } from '../../src/wiring/sinks.ts'
import { tempoOptions } from '../../src/wiring/sources.ts'
import { parametersOf } from './sources.ts'

const example = readFileSync('config_example.yml', 'utf8')
const env = {
  TEMPO_PASSWORD: 'geheim',
  TEMPO_TOKEN: 'geheim',
  WEBHOOK_TOKEN: 'geheim',
  WEBHOOK_PASSWORD: 'geheim',
  WEBHOOK_SECRET: 'geheim',
}

const withoutDefault = keys.filter(({ schema }) => schema.default === undefined)
const commentedOut = new Set(['basic_auth', ...withoutDefault.map(({ path }) => path.at(-1))])

/** The text in which the keys without a default are not commented out. */
const withAllKeys = example.replaceAll(
  /^( *)# ((?: {2})?([a-z_]+):(?: \S.*)?)$/gm,
  (line, indent, text, key) => (commentedOut.has(key) ? `${indent}${text}` : line),
)

/** The text without one key and the keys below it. */
function without(key: string): string {
  const kept: string[] = []
  let dropped = Number.POSITIVE_INFINITY
  for (const line of withAllKeys.split('\n')) {
    const indent = line.search(/\S/)
    if (indent <= dropped)
      dropped = line.trimStart().startsWith(`${key}:`) ? indent : Number.POSITIVE_INFINITY
    if (dropped === Number.POSITIVE_INFINITY) kept.push(line)
  }
  return kept.join('\n')
}

t.test('config_example.yml shows the defaults', async (t) => {
  t.same(loadConfig({ path: 'config_example.yml', env: {} }), defaultConfig())
})

t.test('config_example.yml has every key', async (t) => {
  const shown = parse(withAllKeys) as Record<string, Record<string, unknown>>
  for (const { path } of keys) {
    const value = path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], shown)
    t.not(value, undefined, `shows ${path.join('.')}`)
  }
  for (const { path, schema } of keys) {
    const { default: byDefault } = schema as { default?: unknown }
    const value = path.reduce<unknown>(
      (at, key) => (at as Record<string, unknown> | null)?.[key],
      parse(example),
    )
    t.same(
      value,
      byDefault,
      `${path.join('.')} is written with its default, or commented out where it has none`,
    )
  }
})

t.test('every key has a description, with the unit of a number that has one', async (t) => {
  for (const { path, schema } of keys) {
    const name = path.join('.')
    t.match(schema.description, /\S/, name)
    const unit = /_(sec|ms|bytes)$/.exec(name)?.[1]
    if (unit !== undefined)
      t.match(schema.description, unit === 'sec' ? /, s\b/ : new RegExp(`\\b${unit}\\b`), name)
  }
})

t.test('config_example.yml and docs/configuration.md are up to date', async (t) => {
  const hint = 'npm run docs updates it'
  t.equal(example, configExample(), hint)
  t.equal(readFileSync('docs/configuration.md', 'utf8'), configurationPage(), hint)
})

t.test('the keys that are commented out are valid too', async (t) => {
  const authority = join(t.testdir({ 'ca.pem': '-----BEGIN CERTIFICATE-----\n' }), 'ca.pem')
  const load = (text: string) => loadConfig({ text: text.replace('tempo-ca.pem', authority), env })
  t.throws(
    () => load(withAllKeys),
    /tempo must have one way to authenticate/,
    'except that two keys exclude each other',
  )

  const byPassword = load(without('bearer_token'))
  t.same(tempoOptions(byPassword), {
    url: 'http://localhost:3200',
    headers: {
      authorization: `Basic ${Buffer.from('12345:geheim').toString('base64')}`,
      'x-scope-orgid': 'team-a',
    },
    timeoutMs: 30_000,
    ca: '-----BEGIN CERTIFICATE-----\n',
    concurrency: 4,
    maxAnswerBytes: 268_435_456,
    padSec: 60,
    lateSec: 120,
    maxLookups: 2000,
  })
  t.same(providerOptions(byPassword), {
    url: 'http://localhost:9393',
    headers: {},
    timeoutMs: 30_000,
    retries: 3,
  })
  t.same(parametersOf(byPassword), {
    ...parametersOf(defaultConfig()),
    query: '{ status = error }',
    tenant: 'team-a',
    samplingAttribute: 'sampling.ratio',
    groupBy: 'k8s.namespace.name',
  })
  t.equal(tempoOptions(load(without('basic_auth')))?.headers.authorization, 'Bearer geheim')
})
