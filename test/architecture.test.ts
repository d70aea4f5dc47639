import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { posix } from 'node:path/posix'
import t from 'tap'
import ts from 'typescript'

/**
 * The houses of src and their rooms, from the top floor down. A file belongs to the longest name that is its path or
 * the beginning of it. It may import its own room and every room on a lower floor.
 */
const floors = [
  ['main.ts'],
  ['process.ts'],
  ['cli'],
  ['cli/demo'],
  ['index.ts', 'openapi.ts', 'page'],
  ['app.ts'],
  ['wiring/service.ts'],
  ['wiring/builds.ts'],
  ['wiring/sources.ts', 'wiring/sinks.ts'],
  ['wiring/context.ts'],
  ['page/controls', 'page/panel'],
  ['page/drawing'],
  ['page/layout', 'page/session'],
  ['page/elements'],
  ['http/server'],
  ['http/routes'],
  ['http/access'],
  ['http/request'],
  ['http/reply'],
  ['http/problem', 'http/schema'],
  ['operations', 'operations/metrics', 'operations/telemetry'],
  ['config/reference.ts'],
  ['config/reload.ts'],
  ['config/file'],
  ['config/config.ts'],
  ['config/checks'],
  ['config/config-error.ts', 'config/connection.ts', 'config/camel-case.ts'],
  ['config/sections'],
  ['builds/schedule'],
  ['builds/jobs', 'builds/alerts', 'builds/explain'],
  ['builds/aggregation'],
  ['builds/incremental', 'builds/diff'],
  ['export'],
  ['node-graph'],
  ['sinks/history', 'sinks/nodegraph-provider'],
  ['sinks'],
  ['sources/tempo/tempo-source.ts', 'sources/embedded'],
  ['sources/tempo/read'],
  ['sources/tempo/assembly'],
  ['sources/tempo/search'],
  ['sources/tempo/decode'],
  ['sources/tempo/client'],
  ['sources/tempo/traceql.ts'],
  ['sources/otlp'],
  ['sources/protobuf'],
  ['sources'],
  ['model'],
  ['graph/explain', 'graph/kernel.ts'],
  ['graph/graph-builder.ts'],
  ['graph/services'],
  ['graph/messages', 'graph/operations'],
  ['graph/graph.ts'],
  ['graph/totals'],
  ['graph/trace'],
  ['graph/spans'],
  ['graph/columns', 'base'],
]
/** Import nothing outside themselves: no package, no node: builtin, no other house. */
const pure = ['graph', 'sources/protobuf']
/** Houses that import only these others. */
const narrow: Record<string, string[]> = { page: ['model'], base: [] }
const maxLines = 250
/** The kernel holds one idea a file, which may take more. */
const maxKernelLines = 350
/** Names that say nothing about what is in a file, and so collect everything. */
const saysNothing = /\b(utils?|helpers?|managers?|common|misc)\b/

/** Path below src, with / on every system, to the text of the file. */
type Sources = Record<string, string>

const places = floors.flat()
const isIn = (file: string, place: string) => file === place || file.startsWith(`${place}/`)
const houseOf = (file: string) => file.split('/')[0] ?? file

/** The place that a file belongs to; undefined where it has none. */
function placeOf(file: string): string | undefined {
  const found = places.filter((place) => isIn(file, place))
  return found.sort((a, b) => b.length - a.length)[0]
}

const floorOf = (file: string) => floors.findIndex((floor) => floor.includes(placeOf(file) ?? ''))

function importsOf(file: string, text: string): string[] {
  return ts.preProcessFile(text).importedFiles.map(({ fileName }) => {
    return fileName.startsWith('.') ? posix.join(posix.dirname(file), fileName) : fileName
  })
}

/** Everything in which the files break the architecture, as sentences. */
function violations(sources: Sources): string[] {
  return [
    ...Object.entries(sources).flatMap(([file, text]) => [
      ...shapeViolations(file, text),
      ...importsOf(file, text).flatMap((imported) => importViolations(file, imported, sources)),
    ]),
    ...cycles(sources),
  ]
}

function shapeViolations(file: string, text: string): string[] {
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
  const most = isIn(file, 'graph') ? maxKernelLines : maxLines
  return [
    ...(placeOf(file) === undefined ? [`${file} has no place in the layering`] : []),
    ...(lines > most ? [`${file} has ${lines} lines`] : []),
    ...(saysNothing.test(file) ? [`${file} has a name that says nothing`] : []),
  ]
}

function importViolations(file: string, imported: string, sources: Sources): string[] {
  const local = Object.hasOwn(sources, imported)
  if (imported.startsWith('..') || (imported.endsWith('.ts') && !local)) {
    return [`${file} imports ${imported}, which is not in src`]
  }
  return mayImport(file, imported, local) ? [] : [`${file} must not import ${imported}`]
}

function mayImport(file: string, imported: string, local: boolean): boolean {
  const own = pure.find((place) => isIn(file, place))
  if (own !== undefined && !isIn(imported, own)) return false
  if (!local || placeOf(file) === placeOf(imported)) return true
  const [from, to] = [houseOf(file), houseOf(imported)]
  const allowed = narrow[from]
  if (from !== to && allowed !== undefined && !allowed.includes(to)) return false
  return floorOf(file) < floorOf(imported)
}

/** Circles of files that import each other, types included. */
function cycles(sources: Sources): string[] {
  const found: string[] = []
  const done = new Set<string>()
  const visit = (file: string, path: string[]): void => {
    if (path.includes(file)) found.push([...path.slice(path.indexOf(file)), file].join(' -> '))
    if (done.has(file) || path.includes(file)) return
    for (const imported of importsOf(file, sources[file] ?? '')) {
      if (Object.hasOwn(sources, imported)) visit(imported, [...path, file])
    }
    done.add(file)
  }
  for (const file of Object.keys(sources)) visit(file, [])
  return found.map((circle) => `import cycle: ${circle}`)
}

function readSources(): Sources {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  )
  return Object.fromEntries(
    files.map((file) => [file.replaceAll('\\', '/'), readFileSync(join('src', file), 'utf8')]),
  )
}

t.test('src keeps to the architecture', async (t) => {
  const sources = readSources()
  const used = new Set(Object.keys(sources).map(placeOf))
  for (const place of places) t.ok(used.has(place), `finds ${place}`)
  t.same(violations(sources), [])
})

t.test('each rule notices when it is broken', async (t) => {
  const base = {
    'base/errors.ts': '',
    'graph/spans/span.ts': '',
    'graph/graph.ts': `import { Span } from './spans/span.ts'`,
    'sources/tempo/client/client.ts': `import got from 'got'\nimport { x } from '../../../base/errors.ts'\nimport type { Span } from '../../../graph/spans/span.ts'`,
    'http/routes/a.ts': `export { y } from '../../sources/tempo/client/client.ts'`,
    'app.ts': `import { a } from './http/routes/a.ts'`,
    'sources/embedded/b.ts': '',
    'builds/incremental/b.ts': '',
  }
  t.same(violations(base), [], 'the base case breaks none')

  const planted = (file: string, text: string, imported: string): [string, Sources, string] => [
    `${file} imports ${imported}`,
    { [file]: text },
    `${file} must not import ${imported}`,
  ]
  const route = 'http/routes/a.ts'
  const cases: [what: string, planted: Sources, said: string][] = [
    planted('sources/b.ts', `import '../http/routes/a.ts'`, route),
    planted('sources/b.ts', `import type { A } from '../http/routes/a.ts'`, route),
    planted('sources/b.ts', `const a = await import('../http/routes/a.ts')`, route),
    planted('sources/b.ts', `export * from '../http/routes/a.ts'`, route),
    planted('sources/tempo/client/b.ts', `import '../../embedded/b.ts'`, 'sources/embedded/b.ts'),
    planted('builds/diff/b.ts', `import '../incremental/b.ts'`, 'builds/incremental/b.ts'),
    planted('sources/tempo/traceql.ts', `import './client/client.ts'`, 'sources/tempo/client/client.ts'),
    planted('graph/spans/b.ts', `import '../graph.ts'`, 'graph/graph.ts'),
    planted('graph/spans/b.ts', `import { RE2JS } from 're2js'`, 're2js'),
    planted('sources/protobuf/b.ts', `import 'node:fs'`, 'node:fs'),
    planted('graph/spans/b.ts', `import { x } from '../../base/errors.ts'`, 'base/errors.ts'),
    planted('sources/protobuf/b.ts', `import '../../graph/spans/span.ts'`, 'graph/spans/span.ts'),
    planted('page/b.ts', `import '../base/errors.ts'`, 'base/errors.ts'),
    planted('base/b.ts', `import '../graph/spans/span.ts'`, 'graph/spans/span.ts'),
    ['a house without a place', { 'upstream/b.ts': '' }, 'upstream/b.ts has no place in the layering'],
    ['a room without a place', { 'graph/rooms/b.ts': '' }, 'graph/rooms/b.ts has no place in the layering'],
    ['a file without a place', { 'other.ts': '' }, 'other.ts has no place in the layering'],
    [
      'out of src',
      { 'http/routes/b.ts': `import '../../../test/x.ts'` },
      'http/routes/b.ts imports ../test/x.ts, which is not in src',
    ],
    [
      'a file that is not there',
      { 'http/routes/b.ts': `import './c.ts'` },
      'http/routes/b.ts imports http/routes/c.ts, which is not in src',
    ],
    ['a long file', { 'model/b.ts': '\n'.repeat(251) }, 'model/b.ts has 251 lines'],
    ['a long file of the kernel', { 'graph/spans/b.ts': '\n'.repeat(351) }, 'graph/spans/b.ts has 351 lines'],
    ['an empty name', { 'model/string-utils.ts': '' }, 'model/string-utils.ts has a name that says nothing'],
    ['a name of a folder', { 'cli/helpers/b.ts': '' }, 'cli/helpers/b.ts has a name that says nothing'],
    [
      'a cycle',
      {
        'model/b.ts': `import './c.ts'`,
        'model/c.ts': `import './d.ts'`,
        'model/d.ts': `import type { B } from './b.ts'`,
      },
      'import cycle: model/b.ts -> model/c.ts -> model/d.ts -> model/b.ts',
    ],
    ['itself', { 'model/b.ts': `import './b.ts'` }, 'import cycle: model/b.ts -> model/b.ts'],
  ]
  for (const [what, sources, said] of cases) t.same(violations({ ...base, ...sources }), [said], what)
  t.same(violations({ ...base, 'model/b.ts': '\n'.repeat(250) }), [], 'a file may have 250 lines')
})
