// The parts that tests use of packages without types, or whose types say less.

declare module 'jsdom' {
  export class JSDOM {
    constructor(text?: string, options?: { contentType?: string })
    readonly window: { document: Xml }
  }
  export interface Xml {
    querySelectorAll(selector: string): Iterable<XmlElement>
    documentElement: XmlElement
  }
  export interface XmlElement extends Xml {
    readonly textContent: string
    readonly localName: string
    readonly namespaceURI: string
    getAttribute(name: string): string | null
    getAttributeNames(): string[]
  }
}

declare module 'mermaid' {
  interface Diagram {
    db: {
      getVertices(): Map<string, { id: string; text: string; type: string; classes: string[] }>
      getEdges(): { start: string; end: string; text: string }[]
      getSubGraphs(): { title: string; nodes: string[] }[]
    }
  }
  const mermaid: {
    parse(text: string): Promise<unknown>
    mermaidAPI: { getDiagramFromText(text: string): Promise<Diagram> }
  }
  export default mermaid
}
