import { colors, edgeLine, groupLine, healthOf, nodeLines, widthOf } from './diagram-style.ts'
import type { ExportEdge, ExportGraph, ExportNode } from './export-graph.ts'
import { groupsOf, type NodeGroup } from './node-groups.ts'

export interface DotOptions {
  /** Whether edges are labelled; labels slow down the layout. @default true */
  edgeLabels?: boolean
}

/** Writes a graph in DOT, the language of Graphviz, with colours, shapes and line widths. */
export function toDot({ name, nodes, edges }: ExportGraph, { edgeLabels = true }: DotOptions = {}): string {
  const { groups, ungrouped } = groupsOf(nodes)
  return [
    `digraph ${quoted(name)} {`,
    '  graph [rankdir=LR, nodesep=0.3, ranksep=0.8]',
    '  node [shape=box, style="rounded,filled", fillcolor=white, margin="0.2,0.06", fontname="Helvetica,Arial,sans-serif", fontsize=11, penwidth=2]',
    '  edge [fontname="Helvetica,Arial,sans-serif", fontsize=9, arrowsize=0.7]',
    ...groups.flatMap((group, at) => clusterOf(group, at)),
    ...ungrouped.map(nodeLine),
    ...edges.map(
      (edge) => `  ${quoted(edge.source)} -> ${quoted(edge.target)} [${edgeAttributes(edge, edgeLabels)}]`,
    ),
    '}',
    '',
  ].join('\n')
}

const nodeLine = (node: ExportNode) => `  ${quoted(node.id)} [${nodeAttributes(node)}]`

/** Graphviz draws a subgraph whose name begins with `cluster` as a box. */
const clusterOf = ({ name, nodes }: NodeGroup, at: number): string[] => [
  `  subgraph cluster_${at} {`,
  `    graph [label=${labelOf([groupLine(name)])}, style=rounded, color="#999999", fontname="Helvetica,Arial,sans-serif", fontsize=11]`,
  ...nodes.map((node) => `  ${nodeLine(node)}`),
  '  }',
]

/** Shapes of nodes that send no spans, and of folded nodes, by role. */
const shapes: Record<string, string> = {
  database: 'shape=cylinder, style=filled',
  messaging: 'shape=cds, style=filled',
  external: 'style="rounded,filled,dashed"',
  user: 'shape=oval, style=filled',
  tag: 'shape=oval, style=filled',
  other: 'shape=folder, style=filled',
}

function nodeAttributes(node: ExportNode): string {
  const color = `color=${quoted(colors[healthOf(node)])}`
  const label = `label=${labelOf(nodeLines(node))}, tooltip=${labelOf(nodeLines(node))}`
  return [label, color, shapes[node.detail__role] ?? ''].filter((attribute) => attribute !== '').join(', ')
}

function edgeAttributes(edge: ExportEdge, withLabel: boolean): string {
  const label = labelOf([edgeLine(edge)])
  const health = healthOf(edge)
  const color = health === 'healthy' ? '#777777' : colors[health]
  const style = `color=${quoted(color)}, penwidth=${widthOf(edge)}`
  return `${withLabel ? `label=${label}, ` : ''}tooltip=${label}, ${style}`
}

/** Quotes a label. Graphviz reads escapes such as `\N` and HTML entities in it, so `\` and `&` are escaped. */
const labelOf = (lines: string[]) =>
  `"${lines.map((line) => line.replaceAll('&', '&amp;').replaceAll('\\', '\\\\').replaceAll('"', '\\"')).join('\\n')}"`

/** Quotes an id. Its only escape is that of the quote (graphviz.org/doc/info/lang.html). */
const quoted = (text: string) => `"${text.replaceAll('"', '\\"')}"`
