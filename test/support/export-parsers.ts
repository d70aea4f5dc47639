import { instance } from '@viz-js/viz'
import { JSDOM, type Xml } from 'jsdom'

// Mermaid cleans labels by a DOM, which a browser has.
const { window } = new JSDOM('')
Object.assign(globalThis, { window, document: window.document })
const { default: mermaid } = await import('mermaid')
const graphviz = await instance()

/** What Mermaid reads in a flowchart; texts with their entity codes resolved. */
export async function readMermaid(text: string) {
  await mermaid.parse(text)
  const [, flowchart = ''] = text.split(/^---\n.*?^---\n/ms)
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(flowchart)
  return {
    nodes: [...db.getVertices().values()].map((vertex) => ({ ...vertex, lines: linesOf(vertex.text) })),
    edges: db.getEdges().map(({ start, end, text }) => ({ start, end, lines: linesOf(text) })),
  }
}

/** While it reads, Mermaid writes `ﬂ°°34¶ß` for `#34;`, and `&#34;` when it draws. */
const linesOf = (text: string) =>
  text.split(/<br\s*\/?>/).map((line) => {
    if (/[<>&"]/.test(line)) throw new Error(`${line} would be read as HTML`)
    return line.replace(/ﬂ°°(\d+)¶ß/g, (_, code) => String.fromCodePoint(Number(code)))
  })

/** What Graphviz reads in a graph: the texts it would draw, by the name of the node. */
export function readDot(text: string): { nodes: string[]; edges: [string, string][]; svg: string } {
  const render = (format: string) => {
    const { output, errors } = graphviz.render(text, { format, engine: 'dot' })
    // It warns of signs whose width it has to guess.
    if (output === undefined || errors.some(({ level }) => level === 'error'))
      throw new Error(JSON.stringify(errors))
    return output
  }
  const { objects = [], edges = [] } = JSON.parse(render('json0')) as {
    objects?: { name: string }[]
    edges?: { tail: number; head: number }[]
  }
  const nodes = objects.map(({ name }) => name)
  return {
    nodes,
    edges: edges.map(({ tail, head }) => [nodes[tail] ?? '', nodes[head] ?? '']),
    svg: render('svg'),
  }
}

/** @throws {Error} it is not well-formed */
export const readXml = (text: string): Xml =>
  new JSDOM(text, { contentType: 'application/xml' }).window.document

/** Texts of an SVG, in the order they stand there. */
export const textsOf = (svg: string) =>
  [...readXml(svg).querySelectorAll('text')].map((text) => text.textContent)
