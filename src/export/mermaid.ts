import { colors, edgeLine, groupLine, type Health, healthOf, nodeLines } from './diagram-style.ts'
import type { ExportGraph, ExportNode } from './export-graph.ts'
import { groupsOf } from './node-groups.ts'

const healthClasses: Health[] = ['failing', 'degraded', 'healthy']

/** Writes a graph as a Mermaid flowchart, which GitHub, GitLab and many wikis draw. */
export function toMermaid({ name, nodes, edges }: ExportGraph): string {
  const { groups, ungrouped } = groupsOf(nodes)
  const ids = new Map(nodes.map(({ id }, at) => [id, `n${at}`]))
  const classes = healthClasses.flatMap((health) => {
    const members = nodes.filter((node) => healthOf(node) === health).map(({ id }) => ids.get(id))
    return members.length === 0 ? [] : [`  class ${members.join(',')} ${health}`]
  })
  return [
    '---',
    `title: "${name}"`,
    '---',
    'flowchart LR',
    ...groups.flatMap((group, at) => [
      `  subgraph g${at}["${escaped(groupLine(group.name))}"]`,
      ...group.nodes.map((node) => `    ${ids.get(node.id)}${shapeOf(node)}`),
      '  end',
    ]),
    ...ungrouped.map((node) => `  ${ids.get(node.id)}${shapeOf(node)}`),
    ...edges.map((edge) => {
      return `  ${ids.get(edge.source)} -->|"${escaped(edgeLine(edge))}"| ${ids.get(edge.target)}`
    }),
    ...healthClasses.map((health) => `  classDef ${health} stroke:${colors[health]},stroke-width:2px`),
    ...classes,
    '',
  ].join('\n')
}

/** Writes the flowchart as a fenced code block of Markdown. */
export const toMermaidBlock = (graph: ExportGraph) => `\`\`\`mermaid\n${toMermaid(graph)}\`\`\`\n`

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
 * Writes every character that Mermaid or HTML could interpret as an entity code. Mermaid's parser uses `ﬂ°` and `¶ß`
 * internally for such codes, so they are escaped too.
 */
const escaped = (text: string) =>
  text.replace(
    /[^\p{L}\p{M}\p{N}\p{Extended_Pictographic} ,./_%-]|[ﬂß]|%(?=[^ ])/gu,
    (sign) => `#${sign.codePointAt(0)};`,
  )
