import { parse as parseCsv } from 'csv-parse/sync'
import fc from 'fast-check'
import t from 'tap'
import { toCsv } from '../../src/export/csv.ts'
import { healthOf, nodeLines } from '../../src/export/diagram-style.ts'
import { toDot } from '../../src/export/dot.ts'
import { createDrawing } from '../../src/export/drawing.ts'
import type { ExportEdge, ExportGraph, ExportNode } from '../../src/export/export-graph.ts'
import { toGraphml } from '../../src/export/graphml.ts'
import { toMermaid, toMermaidBlock } from '../../src/export/mermaid.ts'
import { readDot, readMermaid, readXml, textsOf } from '../support/export-parsers.ts'
import { holdsAsync } from '../support/property.ts'
import { documentOf } from '../support/server-stand-ins.ts'

const micro: ExportGraph = documentOf('micro')
const [node] = micro.nodes as [ExportNode]
const [edge] = micro.edges as [ExportEdge]
const roles = ['operation', 'tag', 'service', 'database', 'messaging', 'external', 'user', 'other']

/** A chain of nodes with these titles and subtitles. */
function chain(names: [title: string, subTitle: string][]): ExportGraph {
  const nodes = names.map(([title, subTitle], at) => {
    return { ...node, id: `id${at}`, title, subTitle, detail__role: roles[at % roles.length] ?? '' }
  })
  const edges = nodes.slice(1).map(({ id }, at) => ({ ...edge, id: `e${at}`, source: `id${at}`, target: id }))
  return { name: 'hostile', builtAt: micro.builtAt, nodes, edges }
}

const hostile = [
  'GET /items?a=1&b=2',
  '"quoted" \'text\' \\"',
  '<script>alert(1)</script>',
  '&lt;b&gt; &amp; &#65; &quot;',
  '<![CDATA[x]]>',
  ']]> --> ]] }} )) |',
  '</text></svg><svg onload="alert(1)">',
  'end',
  'graph',
  'style:"#abc;" classDef x:#1;',
  '%%{init: {"theme": "dark"}}%% %% 100%',
  '`markdown` "`**bold**`"',
  '```',
  '#quot; #35; ﬂ°°34¶ß straße',
  '\\N \\G \\E \\l \\n \\\\',
  'a\nb\r\nc\td',
  '\u0000\u0001\u001b[31m\u007f',
  'שלום \u202eevil\u202c',
  '🛒👩‍👩‍👧 é日本',
  '\ud800 lone',
  '\ufffe\uffff',
  '=1+1',
  '+1',
  '-1',
  '@SUM(A1)',
  '\t=1',
  '\n=cmd|calc',
  '＝1',
  "'=1",
  'a,b;c',
  '{ } [ ] ( ) | ~ ^ $ !',
  '__proto__',
]
const everyName = chain(hostile.map((name) => [name, `${name} 2`]))

/** The lines that the label of each node shows. */
const shown = (graph: ExportGraph) => graph.nodes.map((row) => nodeLines(row))

/** Graphviz writes consecutive blanks as non-breaking ones. */
const hasText = (texts: string[], line: string) =>
  texts.some((text) => text.replaceAll('\u00a0', ' ').trim() === line.trim())

t.test('DOT', async (t) => {
  t.equal(
    toDot(
      chain([
        ['cart', 'GET /'],
        ['db', ''],
      ]),
    ),
    `digraph "hostile" {
  graph [rankdir=LR, nodesep=0.3, ranksep=0.8]
  node [shape=box, style="rounded,filled", fillcolor=white, margin="0.2,0.06", fontname="Helvetica,Arial,sans-serif", fontsize=11, penwidth=2]
  edge [fontname="Helvetica,Arial,sans-serif", fontsize=9, arrowsize=0.7]
  "id0" [label="cart\\nGET /\\n2 calls, 10.5 ms, 50 % failed", tooltip="cart\\nGET /\\n2 calls, 10.5 ms, 50 % failed", color="#E02F44"]
  "id1" [label="db\\n2 calls, 10.5 ms, 50 % failed", tooltip="db\\n2 calls, 10.5 ms, 50 % failed", color="#E02F44", shape=oval, style=filled]
  "id0" -> "id1" [label="2 calls, 10.5 ms, 50 % failed", tooltip="2 calls, 10.5 ms, 50 % failed", color="#E02F44", penwidth=1.3]
}
`,
  )
  const { nodes, edges, svg } = readDot(toDot(everyName))
  t.same(
    nodes,
    everyName.nodes.map(({ id }) => id),
  )
  t.same(
    edges,
    everyName.edges.map(({ source, target }) => [source, target]),
  )
  const texts = textsOf(svg)
  for (const lines of shown(everyName)) for (const line of lines) t.ok(hasText(texts, line), line)
  t.same(readDot(toDot(chain([]))).nodes, [], 'an empty graph is valid')
})

t.test('SVG', async (t) => {
  const draw = createDrawing()
  const { signal } = new AbortController()

  t.test('writes every name as text, never as markup', async (t) => {
    const svg = await draw(everyName, signal)
    const texts = textsOf(svg)
    for (const lines of shown(everyName)) for (const line of lines) t.ok(hasText(texts, line), line)
    const names = [...readXml(svg).querySelectorAll('*')].map(({ localName }) => localName)
    t.same([...new Set(names)].sort(), ['a', 'ellipse', 'g', 'path', 'polygon', 'svg', 'text', 'title'])
    const attributes = [...readXml(svg).querySelectorAll('*')].flatMap((element) =>
      element.getAttributeNames(),
    )
    t.notOk(attributes.some((name) => name.startsWith('on') || name === 'href' || name === 'xlink:href'))
  })

  t.test('stops a drawing that takes too long, and draws the next one', async (t) => {
    const slow = createDrawing({ deadlineMs: 1 })
    await t.rejects(slow(everyName, signal), {
      code: 'TTA_DEADLINE',
      message: /32 nodes .* max_nodes or focus/,
    })
    await t.rejects(slow(micro, signal), { code: 'TTA_DEADLINE' })
    t.match(await draw(micro, signal), /<svg/)
    const gone = AbortSignal.abort(new Error('gone'))
    await t.rejects(draw(micro, gone), { message: 'gone' })
  })

  t.test('rejects a drawing if too many wait, and says when to retry', async (t) => {
    const stop = new AbortController()
    const busy = createDrawing()
    const drawings = Array.from({ length: 21 }, () =>
      busy(micro, AbortSignal.any([stop.signal])).catch((error: Error) => error.message),
    )
    t.throws(() => busy(micro, signal), { code: 'TTA_QUEUE_FULL', details: { retryAfterSec: 5 } })
    stop.abort(new Error('gone'))
    t.same(new Set(await Promise.all(drawings)), new Set(['gone']))
  })

  t.test('draws a graph of a thousand nodes', async (t) => {
    const many = chain(Array.from({ length: 1000 }, (_, at) => [`s${at}`, '']))
    const svg = await draw(many, signal)
    t.equal(textsOf(svg).filter((text) => /^s\d+$/.test(text)).length, 1000)
  })
})

t.test('Mermaid', async (t) => {
  t.equal(
    toMermaid(
      chain([
        ['cart', 'GET /'],
        ['db', ''],
      ]),
    ),
    `---
title: "hostile"
---
flowchart LR
  n0["cart<br/>GET /<br/>2 calls, 10.5 ms, 50 % failed"]
  n1(["db<br/>2 calls, 10.5 ms, 50 % failed"])
  n0 -->|"2 calls, 10.5 ms, 50 % failed"| n1
  classDef failing stroke:#E02F44,stroke-width:2px
  classDef degraded stroke:#FF9830,stroke-width:2px
  classDef healthy stroke:#56A64B,stroke-width:2px
  class n0,n1 failing
`,
  )
  const { nodes, edges } = await readMermaid(toMermaid(everyName))
  t.same(
    nodes.map(({ lines }) => lines.join('\n')),
    shown(everyName).map((lines) => lines.join('\n')),
  )
  t.same(
    edges.map(({ start, end }) => `${start} ${end}`),
    hostile.slice(1).map((_, at) => `n${at} n${at + 1}`),
  )
  t.ok(nodes.every(({ classes }) => classes.join() === 'failing'))
  t.same((await readMermaid(toMermaid(chain([])))).nodes, [], 'an empty graph is valid')
  t.equal(toMermaidBlock(everyName).match(/```/g)?.length, 2, 'no name closes the code block')
})

t.test('CSV', async (t) => {
  t.equal(
    toCsv(micro, 'nodes').split('\r\n')[0],
    'id,title,subTitle,role,group,identity,count,adjustedCount,adjustedCountLow,adjustedCountHigh,failed,adjustedFailed,adjustedFailedLow,adjustedFailedHigh,slow,meanMs,p50Ms,p95Ms,p99Ms,perSec,criticalPathShare,selfCalls,slowestTrace,failedTrace,typicalTrace,traceql,traceqlFailed',
  )
  t.equal(
    toCsv(micro, 'edges').split('\r\n')[1],
    'a_b,a,cart,GET /cart 🛒,b,db,SELECT,2,2,2,2,1,1,1,1,0,10.5,10,11,11,0.000556,0.25,12,10,2,1,0,0,' +
      '000000000000000000000000000000a1,,000000000000000000000000000000a2,"{ name = ""GET /"" }",',
  )
  const rows = parseCsv<Record<string, string>>(toCsv(everyName, 'nodes'), { columns: true })
  t.same(
    rows.map(({ title }) => title),
    hostile.map(guarded),
  )
  const cells = rows.flatMap((row) => Object.values(row))
  t.notOk(
    cells.some((cell) => /^[=+\-@\t\r\n＝]/.test(cell)),
    'no cell is a formula',
  )
  t.equal(toCsv(chain([]), 'edges').split('\r\n').length, 2, 'an empty table has a header')
})

/** Spreadsheets show the quote or hide it. */
const guarded = (text: string) => (/^[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text).toWellFormed()

/** Each of these names is the group of two nodes, and two nodes have no group. */
const grouped = chain([...hostile, ...hostile].map((name) => [name, '']))
for (const [at, row] of grouped.nodes.entries()) row.group = hostile[at % hostile.length] ?? ''
for (const row of chain([['free', '']]).nodes) grouped.nodes.push({ ...row, id: 'free', group: '' })

t.test('draws a box around the nodes of a group', async (t) => {
  const pair = chain([
    ['cart', ''],
    ['db', ''],
  ])
  for (const row of pair.nodes) row.group = row.title === 'cart' ? 'shop "1"' : ''
  const [cart, db] = ['2 calls, 10.5 ms, 50 % failed', '2 calls, 10.5 ms, 50 % failed']
  t.match(
    toMermaid(pair),
    `flowchart LR
  subgraph g0["shop #34;1#34;"]
    n0["cart<br/>${cart}"]
  end
  n1(["db<br/>${db}"])
`,
  )
  t.match(
    toDot(pair),
    /subgraph cluster_0 \{\n {4}graph \[label="shop \\"1\\"".*\n {4}"id0" .*\n {2}\}\n {2}"id1"/,
  )
  t.match(
    toGraphml(pair),
    /<node id="group0"><data key="node.title">shop &quot;1&quot;<\/data>\n {6}<graph id="group0:"/,
  )
})

t.test('draws groups with any name', async (t) => {
  const names = [...new Set(hostile)].sort((a, b) => (a < b ? -1 : 1))
  const { subgraphs } = await readMermaid(toMermaid(grouped))
  t.same(
    subgraphs.map(({ nodes }) => nodes.length),
    names.map(() => 2),
  )
  const { clusters, nodes } = readDot(toDot(grouped))
  t.equal(clusters.length, names.length)
  t.same(new Set(nodes), new Set(grouped.nodes.map(({ id }) => id)))
  const { querySelectorAll } = reading(toGraphml(grouped))
  t.equal(querySelectorAll('graph > node > graph').length, names.length)
  t.equal(querySelectorAll('graph > node > graph > node').length, 2 * names.length)
  t.equal(querySelectorAll('edge').length, grouped.edges.length)
})

t.test('GraphML', async (t) => {
  const { documentElement, querySelectorAll } = reading(toGraphml(everyName))
  t.equal(documentElement.namespaceURI, 'http://graphml.graphdrawing.org/xmlns')
  const declared = new Map(
    querySelectorAll('key').map((key) => [key.getAttribute('id'), key.getAttribute('attr.type')]),
  )
  for (const data of querySelectorAll('node data, edge data')) {
    const type = declared.get(data.getAttribute('key'))
    t.ok(type, String(data.getAttribute('key')))
    if (type !== 'string') t.ok(Number.isFinite(Number(data.textContent)) && data.textContent !== '')
  }
  const titles = querySelectorAll('data[key="node.title"]').map(({ textContent }) => textContent)
  t.same(titles, hostile.map(writable))
  const ids = querySelectorAll('node').map((row) => row.getAttribute('id'))
  t.same(
    ids,
    everyName.nodes.map(({ id }) => id),
  )
  t.ok(
    querySelectorAll('edge').every(
      (row) => ids.includes(row.getAttribute('source')) && ids.includes(row.getAttribute('target')),
    ),
  )
  t.equal(
    querySelectorAll('*').filter(({ localName }) => !/^(graphml|key|graph|data|node|edge)$/.test(localName))
      .length,
    0,
  )
})

function reading(text: string) {
  const xml = readXml(text)
  return {
    documentElement: xml.documentElement,
    querySelectorAll: (selector: string) => [...xml.querySelectorAll(selector)],
  }
}

/** The text that XML can contain. */
const writable = (text: string) =>
  text.replace(/(?![\t\n\r\u007f-\u009f])\p{Cc}|[\ufffe\uffff]|\p{Cs}/gu, '\ufffd')

t.test('writes any name as text in every format', async (t) => {
  const signs = fc.constantFrom(
    ...'<>&"\'`#;:%{}[]()|\\/=+-@~^$!?*_,. \n\r\t\0'.split(''),
    'ﬂ°',
    '¶ß',
    '%%{',
    '-->',
    'end',
    'é',
    '🛒',
    '\u202e',
  )
  const name = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.array(signs, { maxLength: 12 }).map((all) => all.join('')),
  )
  const graphs = fc.array(fc.tuple(name, name), { minLength: 1, maxLength: 6 }).map(chain)
  const check = (law: (graph: ExportGraph) => Promise<boolean> | boolean) =>
    holdsAsync(
      t,
      fc.asyncProperty(graphs, async (graph) => law(graph)),
      60,
    )
  await check((graph) => {
    const { nodes, edges, svg } = readDot(toDot(graph))
    const texts = textsOf(svg)
    return (
      nodes.length === graph.nodes.length &&
      edges.length === graph.edges.length &&
      shown(graph).every((lines) => lines.every((line) => line.trim() === '' || hasText(texts, line)))
    )
  })
  await check(async (graph) => {
    const { nodes } = await readMermaid(toMermaid(graph))
    return JSON.stringify(nodes.map(({ lines }) => lines)) === JSON.stringify(shown(graph))
  })
  await check((graph) => {
    const rows = parseCsv<Record<string, string>>(toCsv(graph, 'nodes'), { columns: true })
    return rows.every(({ title }, at) => title === guarded(graph.nodes[at]?.title ?? ''))
  })
  await check((graph) => {
    const titles = reading(toGraphml(graph)).querySelectorAll('data[key="node.subTitle"]')
    return titles.every(({ textContent }, at) => textContent === writable(graph.nodes[at]?.subTitle ?? ''))
  })
})

t.test(
  'colours a node as failing from 5 % on, and as degraded if any call failed or a fifth was slow',
  async (t) => {
    const health = (count: number, failed: number, slow: number) => healthOf({ ...node, count, failed, slow })
    t.same(
      [health(100, 5, 0), health(100, 4, 0), health(100, 0, 20), health(100, 0, 19), health(1, 1, 0)],
      ['failing', 'degraded', 'degraded', 'healthy', 'failing'],
    )
  },
)
