import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { buildApp } from '../src/app.ts'
import { runDemo } from '../src/cli/demo/run-demo.ts'
import { parseArguments } from '../src/cli/parse-arguments.ts'
import { defaultConfig } from '../src/config/file/load.ts'
import { AggregationParameters } from '../src/model/parameters.ts'

const run = promisify(execFile)
const readme = readFileSync('README.md', 'utf8')
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }

interface Block {
  language: string
  text: string
}
const blocks: Block[] = [...readme.matchAll(/```(\w+)\n(.*?)```/gs)].map(([, language = '', text = '']) => ({
  language,
  text,
}))
const shell = blocks.filter(({ language }) => language === 'sh')

t.test('every path the README names exists', async (t) => {
  const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path = '']) => path)
  const folders = [...readme.matchAll(/`((?:src|test|bench|openapi)\/[\w/.-]+)`/g)].map(
    ([, path = '']) => path,
  )
  t.ok(links.length > 4 && folders.length > 8)
  for (const path of [...links, ...folders]) t.ok(existsSync(path), path)
})

t.test('every npm script the README names exists', async (t) => {
  const named = [...readme.matchAll(/npm (?:run )?([a-z]+)/g)].map(([, name = '']) => name)
  for (const name of new Set(named)) t.ok(['ci'].includes(name) || scripts[name] !== undefined, name)
})

t.test('every command line the README shows is understood', async (t) => {
  const lines = shell.flatMap(({ text }) => text.split('\n')).filter((line) => line.includes('dist/main.js'))
  t.equal(lines.length, 3)
  for (const line of lines) {
    const [, args = ''] = /dist\/main\.js (.*?)\s*(#.*)?$/.exec(line) ?? []
    const argv = args.split(/\s+/).map((arg) => arg.replaceAll("'", ''))
    t.doesNotThrow(() => parseArguments(argv), args)
  }
})

t.test('the table of parameters names each one with its default', async (t) => {
  const { parameters } = defaultConfig()
  for (const name of Object.keys(AggregationParameters.properties)) {
    const row = readme.split('\n').find((line) => line.split('|')[1]?.includes(`\`${name}\``)) ?? ''
    t.ok(row, name)
    const value = parameters[name as keyof typeof parameters]
    if (value !== undefined) t.match(row.replaceAll('`', ''), String(value), `${name}: ${value}`)
  }
})

t.test('the curl examples work as printed, against the demo', async (t) => {
  const base = await demo(t)
  let examples = 0
  for (const [at, { language, text }] of blocks.entries()) {
    if (language !== 'sh' || !text.includes('curl')) continue
    const { stdout } = await run('bash', ['-euc', text.replaceAll('http://127.0.0.1:8080', base)])
    examples++
    if (text.includes('format=')) {
      t.match(stdout, /^id,source,sourceTitle.*"\r?\n---\ntitle: "shop".*flowchart LR\n {2}n0/s)
      continue
    }
    const answers = jsonTexts(stdout)
    t.equal(answers.length, text.match(/^curl/gm)?.length, text)
    const printed = blocks[at + 1]
    if (printed?.language === 'json')
      t.same(shape(JSON.parse(answers[0] ?? '')), shape(JSON.parse(printed.text)))
  }
  t.equal(examples, 10)
})

t.test('the worked example gives the edges and numbers of its table', async (t) => {
  const { app, close } = await buildApp({ ...defaultConfig(), log: { level: 'silent' } })
  t.teardown(close)
  const startMs = Date.now() - 60_000
  const span = (service: string, id: number, name: string, ms: number, more: object) => ({
    resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
    scopeSpans: [
      {
        spans: [{ traceId: 'a'.repeat(32), spanId: `${id}`.padStart(16, '0'), name, ...times(ms), ...more }],
      },
    ],
  })
  const times = (ms: number) => ({
    startTimeUnixNano: `${startMs}000000`,
    endTimeUnixNano: `${startMs + ms}000000`,
  })
  const parentSpanId = (id: number) => `${id}`.padStart(16, '0')
  const redis = [
    { key: 'server.address', value: { stringValue: 'redis' } },
    { key: 'db.system.name', value: { stringValue: 'redis' } },
  ]
  const resourceSpans = [
    span('web', 1, 'GET /', 50, { kind: 2 }),
    span('web', 2, 'GET', 40, { kind: 3, parentSpanId: parentSpanId(1) }),
    span('cart', 3, 'GET /cart', 30, { kind: 2, parentSpanId: parentSpanId(2), status: { code: 2 } }),
    span('cart', 4, 'SELECT items', 5, { kind: 3, parentSpanId: parentSpanId(3), attributes: redis }),
  ]
  await app.inject({ method: 'POST', url: '/v1/traces', payload: { resourceSpans } })
  await app.inject({ method: 'POST', url: '/aggregate', payload: { level: 'both', useTagAsNode: false } })
  const rows: string[] = []
  for (const name of ['micro', 'micro-services']) {
    const { nodes, edges } = (await app.inject(`/graphs/${name}`)).json()
    const named = (id: string) => {
      const { title, subTitle, detail__role: role } = nodes.find((node: { id: string }) => node.id === id)
      return role === 'operation' ? `${title}: ${subTitle}` : title
    }
    for (const { source, target, count, failed, meanMs } of edges) {
      rows.push(`${named(source)} → ${named(target)} | ${count} | ${failed} | ${meanMs} |`)
    }
  }
  t.equal(rows.length, 5)
  const table = readme.replace(/ \(database, named by `server.address`\)/, '')
  for (const row of rows) t.ok(table.includes(row), row)
})

/** Starts the demo on a free port. @returns its base URL */
async function demo(t: Test): Promise<string> {
  const stop = new AbortController()
  const lines: string[] = []
  let ended: Promise<void> = Promise.resolve()
  const base = await new Promise<string>((resolve, reject) => {
    const print = (line: string) => {
      lines.push(line)
      const [, url] = /(http:\/\/[\d.:]+)\/docs/.exec(line) ?? []
      if (url) resolve(url)
    }
    const options = {
      port: 0,
      once: false,
      signal: stop.signal,
      print,
      show: () => '',
      buildApp,
      secondMs: 60_000,
    }
    ended = runDemo(options)
    ended.catch(reject)
  })
  t.teardown(async () => {
    stop.abort()
    await ended
  })
  return base
}

/** The JSON documents that stand one after the other in what curl printed. */
function jsonTexts(printed: string): string[] {
  return printed.split(/(?<=[}\]])(?=[{[]"|[{[]\{|\{\})/).filter((text) => text.trim() !== '')
}

/** The keys and types of a JSON value: what a reader relies on, without the numbers of the day. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shape)
  if (value === null || typeof value !== 'object') return value === null ? 'null' : typeof value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shape(inner)]))
}
