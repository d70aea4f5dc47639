import type { ExportNode } from './export-graph.ts'

/** The nodes of one group. */
export interface NodeGroup {
  name: string
  nodes: ExportNode[]
}

/** Returns the groups of nodes in the order of their names, and the nodes without a group. Nodes keep their order. */
export function groupsOf(nodes: readonly ExportNode[]): { groups: NodeGroup[]; ungrouped: ExportNode[] } {
  const byName = new Map<string, ExportNode[]>()
  const ungrouped: ExportNode[] = []
  for (const node of nodes) {
    const { group: name = '' } = node
    const members = name === '' ? ungrouped : (byName.get(name) ?? [])
    members.push(node)
    if (name !== '') byName.set(name, members)
  }
  const groups = [...byName].map(([name, members]) => ({ name, nodes: members }))
  return { groups: groups.sort((a, b) => (a.name < b.name ? -1 : 1)), ungrouped }
}
