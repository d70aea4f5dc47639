import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { posix } from 'node:path/posix'
import t from 'tap'
import ts from 'typescript'

/** From the top down. A folder (or file of src itself) imports itself and what stands in a line below its own. */
const layers = [
  ['main.ts'],
  ['process.ts', 'openapi.ts'],
  ['app.ts', 'telemetry'],
  ['cli', 'demo', 'page'],
  ['http'],
  ['config', 'metrics', 'schedule', 'view'],
  ['jobs', 'explain'],
  ['aggregation', 'alerts'],
  ['tempo', 'embedded', 'refresh', 'sink', 'history'],
  ['otlp', 'source', 'model', 'diff'],
  ['grafana'],
  ['graph', 'protobuf', 'forms'],
]
/** Import nothing outside themselves: no package, no node: builtin, no other folder. */
const pure = ['graph', 'protobuf', 'forms']
/** Files of src itself that every folder but the pure ones may import; they import only each other. */
const open = [
  'errors.ts',
  'schema-errors.ts',
  'turn-queue.ts',
  'clock.ts',
  'tracing.ts',
  'sent-secrets.ts',
  'package.ts',
]
const maxLines = 250
/** Names that say nothing about what is in a file, and so collect everything. */
const saysNothing = /\b(utils?|helpers?|managers?|common|misc)\b/

/** Path below src, with / on every system, to the text of the file. */
type Sources = Record<string, string>

/** The folder a file belongs to; a file of src itself stands for itself. */
const placeOf = (file: string) => file.split('/')[0] ?? file

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
  const placed = open.includes(file) || layers.flat().includes(placeOf(file))
  return [
    ...(placed ? [] : [`${file} has no place in the layering`]),
    ...(lines > maxLines ? [`${file} has ${lines} lines`] : []),
    ...(saysNothing.test(file) ? [`${file} has a name that says nothing`] : []),
  ]
}

function importViolations(file: string, imported: string, sources: Sources): string[] {
  const from = placeOf(file)
  const local = Object.hasOwn(sources, imported)
  if (imported.startsWith('..') || (imported.endsWith('.ts') && !local)) {
    return [`${file} imports ${imported}, which is not in src`]
  }
  const to = local ? placeOf(imported) : imported
  if (from === to || mayImport(from, to, local)) return []
  return [`${file} must not import ${imported}`]
}

function mayImport(from: string, to: string, local: boolean): boolean {
  if (pure.includes(from)) return false
  if (!local || open.includes(to)) return true
  if (open.includes(from)) return false
  const layerOf = (place: string) => layers.findIndex((layer) => layer.includes(place))
  return layerOf(from) < layerOf(to)
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
  const places = new Set(Object.keys(sources).map(placeOf))
  for (const place of [...pure, ...open, 'http']) t.ok(places.has(place), `finds ${place}`)
  t.same(violations(sources), [])
})

t.test('each rule notices when it is broken', async (t) => {
  const base = {
    'errors.ts': '',
    'graph/span.ts': '',
    'graph/graph.ts': `import { Span } from './span.ts'`,
    'tempo/client.ts': `import got from 'got'\nimport { x } from '../errors.ts'\nimport type { Span } from '../graph/span.ts'`,
    'http/routes/a.ts': `export { y } from '../../tempo/client.ts'`,
    'app.ts': `import { a } from './http/routes/a.ts'`,
  }
  t.same(violations(base), [], 'the base case breaks none')

  const cases: [what: string, planted: Sources, said: string][] = [
    [
      'upwards',
      { 'tempo/b.ts': `import '../http/routes/a.ts'` },
      'tempo/b.ts must not import http/routes/a.ts',
    ],
    [
      'upwards, by type',
      { 'tempo/b.ts': `import type { A } from '../http/routes/a.ts'` },
      'tempo/b.ts must not import http/routes/a.ts',
    ],
    [
      'upwards, later',
      { 'tempo/b.ts': `const a = await import('../http/routes/a.ts')` },
      'tempo/b.ts must not import http/routes/a.ts',
    ],
    [
      'upwards, passed on',
      { 'tempo/b.ts': `export * from '../http/routes/a.ts'` },
      'tempo/b.ts must not import http/routes/a.ts',
    ],
    ['sideways', { 'sink/b.ts': `import '../tempo/client.ts'` }, 'sink/b.ts must not import tempo/client.ts'],
    [
      'a package in pure code',
      { 'graph/b.ts': `import { RE2JS } from 're2js'` },
      'graph/b.ts must not import re2js',
    ],
    [
      'a builtin in pure code',
      { 'protobuf/b.ts': `import 'node:fs'` },
      'protobuf/b.ts must not import node:fs',
    ],
    [
      'errors in pure code',
      { 'graph/b.ts': `import { x } from '../errors.ts'` },
      'graph/b.ts must not import errors.ts',
    ],
    [
      'pure code in pure code',
      { 'protobuf/b.ts': `import '../graph/span.ts'` },
      'protobuf/b.ts must not import graph/span.ts',
    ],
    [
      'a folder in an open file',
      { 'errors.ts': `import './graph/span.ts'` },
      'errors.ts must not import graph/span.ts',
    ],
    ['a folder without a place', { 'upstream/b.ts': '' }, 'upstream/b.ts has no place in the layering'],
    ['a file without a place', { 'other.ts': '' }, 'other.ts has no place in the layering'],
    [
      'out of src',
      { 'http/b.ts': `import '../../test/x.ts'` },
      'http/b.ts imports ../test/x.ts, which is not in src',
    ],
    [
      'a file that is not there',
      { 'http/b.ts': `import './c.ts'` },
      'http/b.ts imports http/c.ts, which is not in src',
    ],
    ['a long file', { 'http/b.ts': '\n'.repeat(251) }, 'http/b.ts has 251 lines'],
    ['an empty name', { 'http/string-utils.ts': '' }, 'http/string-utils.ts has a name that says nothing'],
    ['a name of a folder', { 'http/helpers/b.ts': '' }, 'http/helpers/b.ts has a name that says nothing'],
    [
      'a cycle',
      {
        'http/b.ts': `import './c.ts'`,
        'http/c.ts': `import './d.ts'`,
        'http/d.ts': `import type { B } from './b.ts'`,
      },
      'import cycle: http/b.ts -> http/c.ts -> http/d.ts -> http/b.ts',
    ],
    ['itself', { 'http/b.ts': `import './b.ts'` }, 'import cycle: http/b.ts -> http/b.ts'],
  ]
  for (const [what, planted, said] of cases) t.same(violations({ ...base, ...planted }), [said], what)
  t.same(violations({ ...base, 'http/b.ts': '\n'.repeat(250) }), [], 'a file may have 250 lines')
})
