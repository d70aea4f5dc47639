import fc from 'fast-check'
import stringWidth from 'string-width'
import t from 'tap'
import { progressLine, withProgress } from '../../src/cli/progress.ts'
import { summaryReport } from '../../src/cli/summary-report.ts'
import { createPaint } from '../../src/cli/terminal.ts'
import { alignColumns, cutToWidth, printable } from '../../src/cli/terminal-text.ts'
import { documentOf } from '../support/server-stand-ins.ts'
import { terminal } from '../support/test-terminal.ts'

const plain = { width: 120, paint: (_: unknown, text: string) => text }

/** Characters that a terminal executes instead of showing them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the test looks for these
const acting = /[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/

t.test('shows text from outside without executing it', async (t) => {
  t.equal(printable('GET /cart 🛒 é 日本'), 'GET /cart 🛒 é 日本')
  t.equal(printable('\x1b[2J\x1b]0;pwned\x07'), '␛[2J␛]0;pwned␇')
  t.equal(printable('a\nb\r\tc\0\x7f'), 'a␊b␍␉c␀␡')
  t.equal(printable('\x9b31m \u202eabc\u2028 \ud800'), '\ufffd31m \ufffdabc\ufffd \ufffd')
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      (text) => !acting.test(printable(text)) && printable(text).isWellFormed(),
    ),
  )
})

t.test('cuts by columns, not by characters', async (t) => {
  const widths: [text: string, width: number][] = [
    ['abc', 3],
    ['日本語', 6],
    ['ｱｲｳ', 3],
    ['ＡＢ', 4],
    ['한국', 4],
    ['🛒', 2],
    ['👩‍👩‍👧', 2],
    ['🇸🇪', 2],
    ['❤️', 2],
    ['e\u0301', 1],
    ['\u200b', 0],
    ['', 0],
  ]
  for (const [text, width] of widths) {
    t.equal(cutToWidth(text, width), text, `${JSON.stringify(text)} fits ${width} columns`)
    if (width > 1) t.match(cutToWidth(text, width - 1), /…$/, `${JSON.stringify(text)} does not fit fewer`)
  }
  t.equal(cutToWidth('日本語', 6), '日本語')
  t.equal(cutToWidth('日本語', 5), '日本…')
  t.equal(cutToWidth('日本語', 4), '日…', 'no half of a character')
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 20 }), (text, width) => {
      return stringWidth(cutToWidth(printable(text), width)) <= width
    }),
  )
})

t.test('aligns columns, and cuts names if the line is too long', async (t) => {
  const columns = [
    { title: 'NAME', align: 'left' },
    { title: 'N', align: 'right' },
  ] as const
  t.same(
    alignColumns(
      columns,
      [
        ['日本', '7'],
        ['abcdef', '1,000'],
      ],
      80,
    ),
    ['NAME        N', '日本        7', 'abcdef  1,000'],
  )
  const cut = alignColumns(columns, [['a'.repeat(100), '7']], 30)
  t.same(cut, [`NAME${' '.repeat(25)}N`, `${'a'.repeat(26)}…  7`])
  const narrow = alignColumns(columns, [['a'.repeat(100), '7']], 5)
  t.equal(narrow[1], `${'a'.repeat(8)}…  7`, 'never shorter than recognizable')
})

t.test('reports status, counts, the busiest edges, sinks and warnings', async (t) => {
  const document = documentOf('micro')
  const report = summaryReport(document.summary, document, plain)
  t.equal(
    report,
    [
      'graph    micro: complete, built 2025-06-01T10:00:00.000Z in 2 ms',
      'window   2025-06-01T09:00:00.000Z to 2025-06-01T10:00:00.000Z (3,600 s)',
      'read     2 traces, 3 spans, 1 request, 0.0 MiB from embedded',
      'built    2 nodes, 1 edge',
      '',
      'CALLER              -> CALLEE      CALLS  FAILED  SLOW  MEAN MS  P95 MS  CALLS/S',
      'cart: GET /cart 🛒  -> db: SELECT      2       1     0     10.5    11.0    0.001',
      '',
      'sink     embedded: stored, verified',
      'warning  a "quoted" warning',
      '',
    ].join('\n'),
  )
})

t.test('reports how many spans were excluded', async (t) => {
  const document = documentOf('micro')
  const { summary } = document
  const spans = { ...summary.spans, duplicates: 3, excluded: 1200 }
  const text = summaryReport({ ...summary, spans }, document, plain)
  t.match(text, '(3 skipped, 1,200 excluded), ')
  t.notMatch(summaryReport(summary, document, plain), 'excluded')
})

t.test('shows the 15 busiest edges, or the nodes if there are no edges', async (t) => {
  const { summary, nodes, edges } = documentOf('micro')
  const many = Array.from({ length: 40 }, (_, at) =>
    edges.map((edge) => ({ ...edge, id: `${at}`, count: at + 1 })),
  ).flat()
  const lines = summaryReport(summary, { nodes, edges: many }, plain).split('\n')
  const rows = lines.filter((line) => line.startsWith('cart'))
  t.equal(rows.length, 15)
  t.match(rows[0], /db: SELECT +40 /)
  t.ok(lines.includes('and 25 more edges'))

  const alone = summaryReport(summary, { nodes, edges: [] }, plain)
  t.match(alone, /^NODE +CALLS/m)
  t.match(alone, /^db: SELECT +2 /m)
  t.match(summaryReport(summary, { nodes: [], edges: [] }, plain), /^no calls$/m)
})

t.test('reports what went wrong in a sink', async (t) => {
  const { summary } = documentOf('micro')
  const reason = 'answered 201\x1b[2J'
  summary.sinks = [
    {
      sink: 'nodegraph-provider',
      state: 'restored',
      verified: true,
      attempts: 4,
      isolatedNodes: 1,
      warnings: [],
      reason,
    },
  ]
  t.match(
    summaryReport(summary, undefined, plain),
    'sink     nodegraph-provider: restored, verified, 4 attempts, 1 node without edges not shown, answered 201␛[2J\n',
  )
})

t.test('keeps hostile names from breaking the table or controlling the terminal', async (t) => {
  const hostile = ['\x1b[2J\x1b[H', 'a\nb', '\u202egnp.exe', '日本語'.repeat(40), '👩‍👩‍👧', '\ud800', '']
  const document = documentOf('micro')
  const [node] = document.nodes
  const [edge] = document.edges
  if (node === undefined || edge === undefined) throw new Error('the stand-in has rows')
  const nodes = hostile.map((title, id) => ({ ...node, id: `${id}`, title, subTitle: title }))
  const edges = nodes.map(({ id }) => ({ ...edge, id: `${id}_0`, source: id, target: '0' }))
  document.summary.warnings = hostile
  for (const width of [60, 80, 200]) {
    const lines = summaryReport(document.summary, { nodes, edges }, { ...plain, width })
      .trimEnd()
      .split('\n')
    t.same(
      lines.filter((line) => acting.test(line)),
      [],
      'nothing to execute',
    )
    const table = lines.slice(
      lines.findIndex((line) => line.startsWith('CALLER')),
      -hostile.length - 2,
    )
    t.equal(table.length, 1 + hostile.length, 'a line for each row')
    t.equal(new Set(table.map((line) => stringWidth(line))).size, 1, 'the last column is aligned')
    t.ok(stringWidth(table[0] ?? '') <= width, `fits ${width}`)
  }
})

t.test('colours only terminals, and respects NO_COLOR', async (t) => {
  const coloured = (parts: Parameters<typeof terminal>[0]) => createPaint(terminal(parts))('red', 'x') !== 'x'
  t.ok(coloured({ columns: 80 }))
  t.notOk(coloured({}), 'a pipe')
  t.notOk(coloured({ columns: 80, env: { NO_COLOR: '1' } }))
  t.ok(coloured({ columns: 80, env: { NO_COLOR: '' } }), 'empty means nothing (no-color.org)')
  t.notOk(coloured({ columns: 80, env: { TERM: 'dumb' } }))
})

t.test('formats progress as text', async (t) => {
  const progress = { fraction: 0.426, slices: 1, traces: 12_345, spans: 150_000, requests: 9 }
  t.equal(progressLine(progress, 2400), 'reading 42 %: 12,345 traces, 150,000 spans, 2 s')
  t.equal(progressLine({ ...progress, fraction: 1.2 }, 0), 'reading 100 %: 12,345 traces, 150,000 spans, 0 s')
  t.equal(progressLine(undefined, 1000), 'reading, 1 s')
})

t.test('rewrites and erases the progress line on a terminal, and prints lines to a pipe', async (t) => {
  const times = { afterMs: 1, everyMs: 1 }
  const progress = { fraction: 0.5, slices: 1, traces: 1, spans: 2, requests: 1 }
  for (const columns of [80, undefined]) {
    const io = terminal(columns === undefined ? {} : { columns })
    const result = await withProgress(
      io,
      async (onProgress) => {
        onProgress(progress)
        await io.stderr.shows('reading 50 %: 1 traces')
        onProgress({ ...progress, fraction: 1 })
        await io.stderr.shows('reading 100 %')
        return 'done'
      },
      times,
    )
    t.equal(result, 'done')
    t.equal(io.stderr.text.includes('\n'), columns === undefined)
    t.equal(io.stderr.text.endsWith('\r\x1b[K'), columns !== undefined)
    t.equal(io.stdout.text, '')
  }

  const quick = terminal()
  await withProgress(quick, async () => 'at once', { afterMs: 10_000, everyMs: 1 })
  t.equal(quick.stderr.text, '', 'no progress for quick work')
  const failing = terminal({ columns: 80 })
  const work = async () => {
    await failing.stderr.shows('reading')
    throw new Error('down')
  }
  await t.rejects(withProgress(failing, work, times), { message: 'down' })
  t.ok(failing.stderr.text.endsWith('\r\x1b[K'), 'erased also after a failure')
})
