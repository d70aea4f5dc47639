import type { ExportEdge, ExportGraph, ExportNode } from './export-graph.ts'
import { colors, conditionOf, edgeLine, nodeLines, widthOf } from './look.ts'

export interface DotOptions {
  /** Whether figures stand beside the edges, which takes time to draw. @default true */
  edgeLabels?: boolean
}

/** A graph in the language of Graphviz, with colours, shapes and widths. */
export function dot({ name, nodes, edges }: ExportGraph, { edgeLabels = true }: DotOptions = {}): string {
  return [
    `digraph ${quoted(name)} {`,
    '  graph [rankdir=LR, nodesep=0.3, ranksep=0.8]',
    '  node [shape=box, style="rounded,filled", fillcolor=white, margin="0.2,0.06", fontname="Helvetica,Arial,sans-serif", fontsize=11, penwidth=2]',
    '  edge [fontname="Helvetica,Arial,sans-serif", fontsize=9, arrowsize=0.7]',
    ...nodes.map((node) => `  ${quoted(node.id)} [${nodeAttributes(node)}]`),
    ...edges.map(
      (edge) => `  ${quoted(edge.source)} -> ${quoted(edge.target)} [${edgeAttributes(edge, edgeLabels)}]`,
    ),
    '}',
    '',
  ].join('\n')
}

/** What sends no spans, or stands for several, looks different. */
const shapes: Record<string, string> = {
  database: 'shape=cylinder, style=filled',
  messaging: 'shape=cds, style=filled',
  external: 'style="rounded,filled,dashed"',
  user: 'shape=oval, style=filled',
  tag: 'shape=oval, style=filled',
  other: 'shape=folder, style=filled',
}

function nodeAttributes(node: ExportNode): string {
  const color = `color=${quoted(colors[conditionOf(node)])}`
  const label = `label=${labelOf(nodeLines(node))}, tooltip=${labelOf(nodeLines(node))}`
  return [label, color, shapes[node.detail__role] ?? ''].filter((attribute) => attribute !== '').join(', ')
}

function edgeAttributes(edge: ExportEdge, withLabel: boolean): string {
  const label = labelOf([edgeLine(edge)])
  const condition = conditionOf(edge)
  const color = condition === 'well' ? '#777777' : colors[condition]
  const look = `color=${quoted(color)}, penwidth=${widthOf(edge)}`
  return `${withLabel ? `label=${label}, ` : ''}tooltip=${label}, ${look}`
}

/** A label reads `\n`, `\N` and the like, and the entities of HTML: a backslash is two, `&` is one of them. */
const labelOf = (lines: string[]) =>
  `"${lines.map((line) => line.replaceAll('&', '&amp;').replaceAll('\\', '\\\\').replaceAll('"', '\\"')).join('\\n')}"`

/** A quoted string knows one escape, that of the quote (graphviz.org/doc/info/lang.html). */
const quoted = (text: string) => `"${text.replaceAll('"', '\\"')}"`
