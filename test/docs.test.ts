import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { buildApp } from '../src/app.ts'
import { errorStatus } from '../src/base/errors.ts'
import { runDemo } from '../src/cli/demo/run-demo.ts'
import { parseArguments } from '../src/cli/parse-arguments.ts'
import { defaultConfig, loadConfig } from '../src/config/file/load.ts'
import { renamedPaths, todaysName } from '../src/config/file/renamed-keys.ts'
import { buildApp as buildPackagedApp } from '../src/index.ts'
import { EdgeRow, NodeRow } from '../src/model/node-graph-rows.ts'
import { AggregationParameters } from '../src/model/parameters.ts'
import { buildSettings } from '../src/wiring/builds.ts'

const run = promisify(execFile)
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }

interface Block {
  language: string
  text: string
}
interface Page {
  path: string
  text: string
  blocks: Block[]
}

const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', 'bench/README.md'].filter(existsSync),
  ...markdownIn('docs'),
].map(readPage)
const page = (path: string) => pages.find((one) => one.path === path) ?? readPage(path)
const readme = page('README.md').text

function markdownIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name.replaceAll('\\', '/')))
    .filter((path) => path.endsWith('.md'))
    .sort()
}

function readPage(path: string): Page {
  const text = readFileSync(path, 'utf8')
  const found = text.matchAll(/^```(\w+)\n(.*?)^```$/gms)
  return { path, text, blocks: [...found].map(([, language = '', code = '']) => ({ language, text: code })) }
}

const withoutBlocks = (text: string) => text.replaceAll(/^```.*?^```$/gms, '')

t.test('README has at most 6 KB and links every page of docs', async (t) => {
  t.ok(Buffer.byteLength(readme) <= 6 * 1024, `${Buffer.byteLength(readme)} bytes`)
  const linked = [...readme.matchAll(/\]\((docs\/[\w-]+\.md)\)/g)].map(([, path]) => path)
  t.same(
    new Set(linked),
    new Set(markdownIn('docs').filter((path) => path.split('/').length === 2)),
    'the list of pages is complete',
  )
})

t.test('every decision is listed, and has a context, a decision and consequences', async (t) => {
  const list = readPage('docs/adr/README.md').text
  for (const path of markdownIn('docs/adr')) {
    if (path === 'docs/adr/README.md') continue
    t.ok(list.includes(`](${path.slice('docs/adr/'.length)})`), `${path} is listed`)
    const { text } = readPage(path)
    const number = path.slice('docs/adr/'.length).slice(0, 4)
    t.match(
      text,
      new RegExp(`^# ${number}: .*\\*\\*Context\\..*\\*\\*Decision\\..*\\*\\*Consequences\\.`, 's'),
      path,
    )
  }
})

t.test('CONTRIBUTING.md names every banned phrase', async (t) => {
  const rules = readFileSync('test/text/rules.mjs', 'utf8')
  const [, table = ''] = /bannedPhrases = \{(.*?)^\}/ms.exec(rules) ?? []
  const phrases = [...table.matchAll(/^ {2}'?([\w ]+?)'?: /gm)].map(([, phrase = '']) => phrase)
  t.ok(phrases.length > 20)
  const { blocks } = page('CONTRIBUTING.md')
  const listed = blocks.find(({ text }) => text.includes('·'))?.text.split(/\s*·\s*/)
  t.same(listed?.map((phrase) => phrase.trim()).sort(), phrases.sort())
})

t.test('every link leads to a file, and to a heading that is in it', async (t) => {
  let links = 0
  for (const { path, text } of pages) {
    for (const [, target = ''] of withoutBlocks(text).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^(https?|mailto):/.test(target)) continue
      links++
      const [file = '', anchor] = target.split('#')
      const linked = file === '' ? path : join(dirname(path), file)
      t.ok(existsSync(linked), `${path} links ${linked}`)
      if (anchor === undefined || !linked.endsWith('.md')) continue
      t.ok(anchorsOf(readPage(linked).text).has(anchor), `${path} links ${linked}#${anchor}`)
    }
  }
  t.ok(links > 60)
})

/** The anchors that GitHub gives the headings of a page. */
function anchorsOf(text: string): Set<string> {
  const headings = [...withoutBlocks(text).matchAll(/^#+ (.*)$/gm)]
  return new Set(
    headings.map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/\]\([^)]*\)|[^\p{L}\p{N}_ -]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

t.test('every path in the repository that a page names exists', async (t) => {
  const named = pages.flatMap(({ path, text }) =>
    [
      ...withoutBlocks(text).matchAll(
        /`((?:src|test|bench|openapi|docs|deploy|grafana)\/[\w/.-]*[\w/])(?:[:#][^`]*)?`/g,
      ),
    ].map(([, name = '']) => [path, name]),
  )
  t.ok(named.length > 40)
  for (const [path, name = ''] of named) t.ok(existsSync(name), `${path} names ${name}`)
})

t.test('every symbol is in the file that a page names for it', async (t) => {
  const found = pages.flatMap(({ text }) => [
    ...text.matchAll(/`(\w+)`\s+in\s+`((?:src|test)\/[\w/.-]+\.ts)`/g),
  ])
  t.ok(found.length > 20)
  for (const [, symbol = '', file = ''] of found) {
    const source = existsSync(file) ? readFileSync(file, 'utf8') : ''
    t.ok(new RegExp(`\\b${symbol}\\b`).test(source), `${symbol} in ${file}`)
  }
})

t.test('every npm script that a page names exists', async (t) => {
  for (const { path, text } of pages) {
    const code = [...text.matchAll(/^```.*?^```|`[^`]+`/gms)].join('\n')
    const named = [...code.matchAll(/\bnpm (?:run )?([a-z][a-z:-]*)/g)].map(([, name = '']) => name)
    for (const name of new Set(named)) {
      const isOwn = ['ci', 'install', 'i', 'pack', 'publish'].includes(name)
      t.ok(isOwn || scripts[name] !== undefined, `${path}: npm run ${name}`)
    }
  }
})

t.test('every script that a page starts with Node exists', async (t) => {
  for (const { path, text } of pages) {
    for (const [, file = ''] of text.matchAll(/\bnode (?:--[\w=-]+ )*((?:bench|test|docs)\/[\w/.-]+)/g)) {
      t.ok(statSync(file).isFile(), `${path}: node ${file}`)
    }
  }
})

t.test('every command line that a page shows is understood', async (t) => {
  const shown = pages.flatMap(({ text, blocks }) => [
    ...blocks
      .filter(({ language }) => language === 'sh')
      .flatMap(({ text: code }) => [...code.matchAll(/dist\/main\.js (.*?)\s*(#.*)?$/gm)]),
    ...withoutBlocks(text).matchAll(/`(?:tta|node dist\/main\.js) ([^`>]*?)(?: > [^`]*)?`/g),
  ])
  const lines = shown.map(([, args = '']) => args)
  t.ok(lines.length >= 5, lines.join('\n'))
  for (const line of lines) {
    const argv = line.split(/\s+/).map((arg) => arg.replaceAll("'", ''))
    t.doesNotThrow(() => parseArguments(argv), line)
  }
})

t.test('every JSON and YAML example is one, and tta accepts its configuration', async (t) => {
  const sections = new Set(Object.keys(parse(readFileSync('config_example.yml', 'utf8')) as object))
  let loaded = 0
  for (const { path, blocks } of pages) {
    for (const { language, text } of blocks) {
      if (language === 'json') t.doesNotThrow(() => JSON.parse(text), `${path}: ${text}`)
      if (language !== 'yaml') continue
      const value: unknown = parse(text)
      t.type(value, 'object', `${path}: ${text}`)
      if (!Object.keys(value as object).every((key) => sections.has(key))) continue
      loaded++
      t.doesNotThrow(() => loadExample(t, text), `${path}: ${text}`)
    }
  }
  t.ok(loaded > 4)
})

/** Loads a configuration whose variables are set and whose files exist. */
function loadExample(t: Test, text: string): void {
  const secret = 'x'.repeat(32)
  const variables = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => [name, `${secret}${name}`])
  const folder = t.testdir({ secret })
  const written = text.replaceAll(/\/run\/secrets\/[\w-]+/g, `${folder}/secret`)
  loadConfig({ text: written, env: Object.fromEntries(variables) })
}

t.test('api.md names each parameter with its default', async (t) => {
  const { defaults: parameters } = buildSettings(defaultConfig())
  const { text } = page('docs/api.md')
  for (const name of Object.keys(AggregationParameters.properties)) {
    const row = text.split('\n').find((line) => line.split('|')[1]?.includes(`\`${name}\``)) ?? ''
    t.ok(row, name)
    const value = parameters[name as keyof typeof parameters]
    const byDefault = Array.isArray(value) && value.length === 0 ? 'none' : value
    if (value !== undefined) t.match(row.replaceAll('`', ''), String(byDefault), `${name}: ${value}`)
  }
})

t.test('api.md names each call of the API', async (t) => {
  const { paths } = JSON.parse(readFileSync('openapi/tta.json', 'utf8')) as {
    paths: Record<string, Record<string, unknown>>
  }
  const { text } = page('docs/api.md')
  for (const [path, methods] of Object.entries(paths)) {
    for (const method of Object.keys(methods)) {
      const call = `\`${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}\``
      t.ok(text.includes(call), call)
    }
  }
})

t.test('architecture.md names each house and room of src', async (t) => {
  const { text } = page('docs/architecture.md')
  const folders = (path: string) =>
    readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  for (const { name: house } of folders('src')) {
    const row = text.split('\n').find((line) => line.startsWith(`| \`src/${house}\``)) ?? ''
    t.ok(row, house)
    for (const { name: room } of folders(`src/${house}`))
      t.ok(row.includes(`\`${room}\``), `${house}/${room}`)
  }
})

t.test('CHANGELOG.md names each key of the configuration that has another name now', async (t) => {
  const { text } = page('CHANGELOG.md')
  const rows = [...text.matchAll(/^\| configuration \| `(.*)` \| `(.*)` \|$/gm)]
  t.ok(rows.length > 5)
  for (const [, old = '', today = ''] of rows) t.equal(todaysName(old)?.split('.').at(-1), today, old)
  for (const path of renamedPaths)
    t.ok(
      rows.some(([, old]) => old === path),
      path,
    )
})

t.test('graph-semantics.md names each field of a row', async (t) => {
  const { text } = page('docs/graph-semantics.md')
  const named = ['id', 'source', 'target', 'title', 'subTitle']
  for (const field of Object.keys({ ...NodeRow.properties, ...EdgeRow.properties })) {
    t.ok(named.includes(field) || text.includes(`\`${field}`), field)
  }
})

t.test('operations.md names each error code', async (t) => {
  const { text } = page('docs/operations.md')
  for (const code of Object.keys(errorStatus)) t.ok(text.includes(`\`${code}\``), code)
})

t.test('the curl examples work as printed, against the demo', async (t) => {
  const base = await demo(t)
  let examples = 0
  for (const { path, blocks } of pages) {
    for (const [at, { language, text }] of blocks.entries()) {
      if (language !== 'sh' || !text.includes('curl')) continue
      const { stdout } = await run('bash', ['-euc', text.replaceAll('http://127.0.0.1:8080', base)])
      examples++
      const example = blocks[at + 1]
      const compare = text.includes('format=') ? compareExports : compareJson
      compare(t, `${path}: ${text}`, stdout, example)
    }
  }
  t.ok(examples >= 15, `${examples} examples`)
})

function compareExports(t: Test, command: string, printed: string, example: Block | undefined): void {
  const diagram = /---\ntitle: "shop"\n---\nflowchart LR\n {2}n0/
  if (command.includes('format=csv')) t.match(printed, /^id,source,sourceTitle.*"\r?\n---\n/s, command)
  t.match(printed, diagram, command)
  if (example?.language === 'mermaid') t.match(example.text, diagram, command)
}

function compareJson(t: Test, command: string, printed: string, example: Block | undefined): void {
  const answers = jsonTexts(printed)
  t.equal(answers.length, command.match(/(^|: )curl/gm)?.length, command)
  if (example?.language !== 'json') return
  t.same(differences(JSON.parse(answers[0] ?? ''), JSON.parse(example.text)), [], command)
}

/** Sentences must be the same but for their numbers. */
function textDifferences(answer: string, example: string, path: string): string[] {
  const isSentence = example.split(' ').length > 4
  const same = answer.replaceAll(/\d[\d.,]*/g, 'N') === example.replaceAll(/\d[\d.,]*/g, 'N')
  return isSentence && !same ? [`${path} is: ${answer}`] : []
}

/**
 * How an example differs from an answer in keys, types and sentences: a reader relies on these, not on the numbers of
 * the day. A value may be null in one of the two. Each element of an array in the example resembles one in the answer.
 */
function differences(answer: unknown, example: unknown, path = '$'): string[] {
  if (answer === null || example === null) return []
  if (Array.isArray(answer) && Array.isArray(example)) {
    return example.flatMap((element, at) => {
      const all = answer.map((candidate) => differences(candidate, element, `${path}[${at}]`))
      return all.sort((a, b) => a.length - b.length)[0] ?? [`${path}[${at}] has no counterpart`]
    })
  }
  if (typeof answer !== typeof example || Array.isArray(answer) !== Array.isArray(example))
    return [`${path} is a ${typeof answer}`]
  if (typeof answer === 'string' && typeof example === 'string') return textDifferences(answer, example, path)
  if (typeof answer !== 'object' || typeof example !== 'object') return []
  const [own, others] = [new Set(Object.keys(example)), new Set(Object.keys(answer))]
  return [
    ...[...own].filter((key) => !others.has(key)).map((key) => `${path}.${key} is not answered`),
    ...[...others].filter((key) => !own.has(key)).map((key) => `${path}.${key} is not in the example`),
    ...[...own]
      .filter((key) => others.has(key))
      .flatMap((key) =>
        differences(
          (answer as Record<string, unknown>)[key],
          (example as Record<string, unknown>)[key],
          `${path}.${key}`,
        ),
      ),
  ]
}

t.test('the program of api.md runs as printed', async (t) => {
  const program = page('docs/api.md').blocks.find(({ language }) => language === 'js')?.text ?? ''
  const [, body = ''] = /^import \{ buildApp \} from 'tempo-trace-aggregation'\n(.*)/s.exec(program) ?? []
  const printed: unknown[] = []
  const AsyncFunction = (async () => {}).constructor as FunctionConstructor
  const runProgram = new AsyncFunction('buildApp', 'console', body)
  await runProgram(buildPackagedApp, { log: (value: unknown) => printed.push(value) })
  t.same(printed, ['empty'])
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
  const table = page('docs/graph-semantics.md').text.replace(/ \(database, named by `server.address`\)/, '')
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

/** The JSON documents that follow each other in what curl printed. */
function jsonTexts(printed: string): string[] {
  return printed.split(/(?<=[}\]])(?=[{[]"|[{[]\{|\{\})/).filter((text) => text.trim() !== '')
}
