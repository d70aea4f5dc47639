import type { ExportGraph } from './export-graph.ts'
import { type ExportField, edgeColumns, nodeColumns } from './fields.ts'

const types = { string: 'string', integer: 'long', number: 'double' }

/** A graph as GraphML (graphdrawing.org), for yEd, Gephi, NetworkX and the like; what nobody knows is left out. */
export function graphml(graph: ExportGraph): string {
  const { name, builtAt, nodes, edges } = graph
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">',
    '  <key id="builtAt" for="graph" attr.name="builtAt" attr.type="string"/>',
    ...nodeColumns.filter(isData).map((column) => keyOf('node', column)),
    ...edgeColumns.filter(isData).map((column) => keyOf('edge', column)),
    `  <graph id="${escaped(name)}" edgedefault="directed">`,
    `    <data key="builtAt">${escaped(builtAt)}</data>`,
    ...nodes.map((row) => `    <node id="${escaped(row.id)}">${dataOf('node', nodeColumns, row)}</node>`),
    ...edges.map((row) => {
      const { id, source, target } = row
      const ends = `source="${escaped(source)}" target="${escaped(target)}"`
      return `    <edge id="${escaped(id)}" ${ends}>${dataOf('edge', edgeColumns, row)}</edge>`
    }),
    '  </graph>',
    '</graphml>',
    '',
  ].join('\n')
}

type For = 'node' | 'edge'
const isData = ({ name }: { name: string }) => name !== 'id'
const keyId = (owner: For, name: string) => `${owner}.${name}`

function keyOf<Row>(owner: For, { name, type }: ExportField<Row>): string {
  return `  <key id="${keyId(owner, name)}" for="${owner}" attr.name="${name}" attr.type="${types[type]}"/>`
}

function dataOf<Row>(owner: For, columns: ExportField<Row>[], row: Row): string {
  return columns
    .filter(isData)
    .map(({ name, value }) => [name, value(row)] as const)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `<data key="${keyId(owner, name)}">${escaped(String(value))}</data>`)
    .join('')
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
/** What XML 1.0 has no way to write (section 2.2): most controls, lone surrogates, U+FFFE and U+FFFF. */
const unwritable = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu

/** Text for an element or an attribute. Line breaks and tabs are written so that no reader makes blanks of them. */
function escaped(text: string): string {
  return text
    .replace(unwritable, '\u{FFFD}')
    .replace(/[&<>"]/g, (sign) => entities[sign] ?? sign)
    .replace(/[\t\n\r]/g, (blank) => `&#${blank.charCodeAt(0)};`)
}
