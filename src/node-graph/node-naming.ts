import type { GraphNode } from '../graph/graph.ts'
import { nameOfFields, shownSpanName } from '../graph/spans/node-name.ts'
import { peerPartNames } from '../graph/spans/peer-naming.ts'
import { partAttributes, serviceNameAttribute } from '../model/identity.ts'

export interface NodeNamingOptions {
  /** subTitle of tag nodes and service nodes. */
  tagNodeSubTitle: string
  /** The resource attributes that identify a service. @default service.name */
  identity?: readonly string[] | undefined
  /** Whether `*` in a span name stands for a variable part. @default as_is */
  spanNames?: 'as_is' | 'templates' | undefined
}

/** Nodes whose name consists of the attributes of the identity. */
const isOfServices = ({ role, folds }: GraphNode) =>
  role === 'operation' || role === 'service' || folds === 'operations'

/** Names the nodes of one graph: titles stay short, and subtitles distinguish nodes with one title. */
export class NodeNaming {
  readonly identity: readonly string[]
  readonly hasTemplates: boolean
  private readonly partAttributes: readonly string[]
  private readonly tagNodeSubTitle: string
  /** The name of each title, null if several nodes of a kind share the title. */
  private readonly names = new Map<string, string | null>()

  constructor(nodes: readonly GraphNode[], { identity, tagNodeSubTitle, spanNames }: NodeNamingOptions) {
    this.hasTemplates = spanNames === 'templates'
    this.identity = identity ?? [serviceNameAttribute]
    this.partAttributes = partAttributes(this.identity)
    this.tagNodeSubTitle = tagNodeSubTitle
    for (const node of nodes) {
      const key = keyOf(node)
      const name = nameOfFields(node)
      const known = this.names.get(key)
      this.names.set(key, known === undefined || known === name ? name : null)
    }
  }

  /** Whether another node of the kind has the title and other parts. */
  sharesTitle(node: GraphNode): boolean {
    return this.names.get(keyOf(node)) === null
  }

  subTitleOf(node: GraphNode): string {
    const { parts = [] } = node
    const present = parts.filter((part) => part !== '')
    const subTitle = this.plainSubTitleOf(node)
    if (present.length === 0 || !this.sharesTitle(node)) return subTitle
    return `${subTitle} (${present.join(', ')})`.trimStart()
  }

  /**
   * Returns the values of the identity that the node has, in its order. Of a peer: its system, its caller if it runs on the
   * caller's host, its namespace and its port.
   */
  identityOf(node: GraphNode): Record<string, string> {
    const { parts = [] } = node
    const values = isOfServices(node)
      ? this.identity.map((key) => [key, this.valueOf(node, key)])
      : peerPartNames.map((key, part) => [key, parts[part] ?? ''])
    return Object.fromEntries(values.filter(([, value]) => value !== ''))
  }

  /** Returns the value of an attribute of the identity, '' if the node has none. */
  valueOf({ title, parts = [] }: GraphNode, key: string): string {
    return key === serviceNameAttribute ? title : (parts[this.partAttributes.indexOf(key)] ?? '')
  }

  private plainSubTitleOf({ role, operation }: GraphNode): string {
    if (role === 'operation') return shownSpanName(operation)
    return role === 'tag' || role === 'service' ? this.tagNodeSubTitle : role
  }
}

const keyOf = (node: GraphNode) => `${isOfServices(node) ? 'service' : node.role} ${node.title}`
