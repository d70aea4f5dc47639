import type { ExportGraph, ExportNode } from './export-graph.ts'
import { type Condition, colors, conditionOf, edgeLine, nodeLines } from './look.ts'

const conditions: Condition[] = ['failing', 'ailing', 'well']

/** A graph as a flowchart of Mermaid, as GitHub, GitLab and many wikis draw it. */
export function mermaid({ name, nodes, edges }: ExportGraph): string {
  const ids = new Map(nodes.map(({ id }, at) => [id, `n${at}`]))
  const classes = conditions.flatMap((condition) => {
    const members = nodes.filter((node) => conditionOf(node) === condition).map(({ id }) => ids.get(id))
    return members.length === 0 ? [] : [`  class ${members.join(',')} ${condition}`]
  })
  return [
    '---',
    `title: "${name}"`,
    '---',
    'flowchart LR',
    ...nodes.map((node) => `  ${ids.get(node.id)}${shapeOf(node)}`),
    ...edges.map((edge) => {
      return `  ${ids.get(edge.source)} -->|"${escaped(edgeLine(edge))}"| ${ids.get(edge.target)}`
    }),
    ...conditions.map((condition) => `  classDef ${condition} stroke:${colors[condition]},stroke-width:2px`),
    ...classes,
    '',
  ].join('\n')
}

/** The same as a block of Markdown. */
export const mermaidBlock = (graph: ExportGraph) => `\`\`\`mermaid\n${mermaid(graph)}\`\`\`\n`

const shapes: Record<string, [open: string, close: string]> = {
  database: ['[("', '")]'],
  messaging: ['[["', '"]]'],
  external: ['(["', '"])'],
  user: ['(("', '"))'],
  tag: ['(["', '"])'],
  other: ['{{"', '"}}'],
}

function shapeOf(node: ExportNode): string {
  const [open, close] = shapes[node.detail__role] ?? ['["', '"]']
  return `${open}${nodeLines(node).map(escaped).join('<br/>')}${close}`
}

/**
 * Every sign that could mean something, to Mermaid or to HTML, as an entity code. `ﬂ°` and `¶ß` are what Mermaid
 * itself writes for such codes while it reads.
 */
const escaped = (text: string) =>
  text.replace(
    /[^\p{L}\p{M}\p{N}\p{Extended_Pictographic} ,./_%-]|[ﬂß]|%(?=[^ ])/gu,
    (sign) => `#${sign.codePointAt(0)};`,
  )
