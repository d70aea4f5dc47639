import type { ExportGraph, ExportNode } from './export-graph.ts'
import { type ExportField, edgeFields, nodeFields } from './fields.ts'
import { groupsOf } from './node-groups.ts'

const types = { string: 'string', integer: 'long', number: 'double' }

/** Writes a graph as GraphML (graphdrawing.org) for yEd, Gephi, NetworkX and others. Omits unknown values. A group is a node with a nested graph. */
export function toGraphml(graph: ExportGraph): string {
  const { name, builtAt, nodes, edges } = graph
  const { groups, ungrouped } = groupsOf(nodes)
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">',
    '  <key id="builtAt" for="graph" attr.name="builtAt" attr.type="string"/>',
    ...nodeFields.filter(isData).map((field) => keyOf('node', field)),
    ...edgeFields.filter(isData).map((field) => keyOf('edge', field)),
    `  <graph id="${escaped(name)}" edgedefault="directed">`,
    `    <data key="builtAt">${escaped(builtAt)}</data>`,
    ...groups.flatMap((group, at) => [
      `    <node id="group${at}"><data key="node.title">${escaped(group.name)}</data>`,
      `      <graph id="group${at}:" edgedefault="directed">`,
      ...group.nodes.map((row) => `    ${nodeElement(row)}`),
      '      </graph>',
      '    </node>',
    ]),
    ...ungrouped.map(nodeElement),
    ...edges.map((row) => {
      const { id, source, target } = row
      const ends = `source="${escaped(source)}" target="${escaped(target)}"`
      return `    <edge id="${escaped(id)}" ${ends}>${dataOf('edge', edgeFields, row)}</edge>`
    }),
    '  </graph>',
    '</graphml>',
    '',
  ].join('\n')
}

const nodeElement = (row: ExportNode) =>
  `    <node id="${escaped(row.id)}">${dataOf('node', nodeFields, row)}</node>`

type For = 'node' | 'edge'
const isData = ({ name }: { name: string }) => name !== 'id'
const keyId = (owner: For, name: string) => `${owner}.${name}`

function keyOf<Row>(owner: For, { name, type }: ExportField<Row>): string {
  return `  <key id="${keyId(owner, name)}" for="${owner}" attr.name="${name}" attr.type="${types[type]}"/>`
}

function dataOf<Row>(owner: For, fields: ExportField<Row>[], row: Row): string {
  return fields
    .filter(isData)
    .map(({ name, value }) => [name, value(row)] as const)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `<data key="${keyId(owner, name)}">${escaped(String(value))}</data>`)
    .join('')
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
/** Characters that XML 1.0 cannot contain (section 2.2): most controls, lone surrogates, U+FFFE and U+FFFF. */
const unwritable = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu

/** Escapes text for elements and attributes. Character references keep line breaks and tabs from becoming blanks. */
function escaped(text: string): string {
  return text
    .replace(unwritable, '\u{FFFD}')
    .replace(/[&<>"]/g, (sign) => entities[sign] ?? sign)
    .replace(/[\t\n\r]/g, (blank) => `&#${blank.charCodeAt(0)};`)
}
