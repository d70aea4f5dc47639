import { instance } from '@viz-js/viz'
import { JSDOM, type Xml } from 'jsdom'

// Mermaid sanitizes labels with the DOM of a browser.
const { window } = new JSDOM('')
Object.assign(globalThis, { window, document: window.document })
const { default: mermaid } = await import('mermaid')
const graphviz = await instance()

/** Parses a flowchart with Mermaid and resolves the entity codes of its texts. */
export async function readMermaid(text: string) {
  await mermaid.parse(text)
  const [, flowchart = ''] = text.split(/^---\n.*?^---\n/ms)
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(flowchart)
  return {
    nodes: [...db.getVertices().values()].map((vertex) => ({ ...vertex, lines: linesOf(vertex.text) })),
    edges: db.getEdges().map(({ start, end, text }) => ({ start, end, lines: linesOf(text) })),
    subgraphs: db.getSubGraphs().map(({ title, nodes }) => ({ lines: linesOf(title), nodes })),
  }
}

/** Mermaid's parser writes `ﬂ°°34¶ß` for `#34;`; its renderer turns that into `&#34;`. */
const linesOf = (text: string) =>
  text.split(/<br\s*\/?>/).map((line) => {
    if (/[<>&"]/.test(line)) throw new Error(`${line} would be read as HTML`)
    return line.replace(/ﬂ°°(\d+)¶ß/g, (_, code) => String.fromCodePoint(Number(code)))
  })

/** Parses a graph with Graphviz and draws it. */
export function readDot(text: string): {
  clusters: string[]
  nodes: string[]
  edges: [string, string][]
  svg: string
} {
  const render = (format: string) => {
    const { output, errors } = graphviz.render(text, { format, engine: 'dot' })
    // It only warns of characters whose width it must guess.
    if (output === undefined || errors.some(({ level }) => level === 'error'))
      throw new Error(JSON.stringify(errors))
    return output
  }
  const { objects = [], edges = [] } = JSON.parse(render('json0')) as {
    objects?: { name: string; nodes?: number[] }[]
    edges?: { tail: number; head: number }[]
  }
  const names = objects.map(({ name }) => name)
  return {
    clusters: objects.filter(({ nodes }) => nodes !== undefined).map(({ name }) => name),
    nodes: objects.filter(({ nodes }) => nodes === undefined).map(({ name }) => name),
    edges: edges.map(({ tail, head }) => [names[tail] ?? '', names[head] ?? '']),
    svg: render('svg'),
  }
}

/** @throws {Error} if the text is not well-formed */
export const readXml = (text: string): Xml =>
  new JSDOM(text, { contentType: 'application/xml' }).window.document

/** Returns the texts of an SVG in document order. */
export const textsOf = (svg: string) =>
  [...readXml(svg).querySelectorAll('text')].map((text) => text.textContent)
