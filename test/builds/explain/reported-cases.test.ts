import { readFileSync } from 'node:fs'
import t from 'tap'
import type { GraphDocument } from '../../../src/model/graph-document.ts'
import type { GraphReport } from '../../../src/model/graph-report.ts'
import type { NodeRow } from '../../../src/model/node-graph-rows.ts'
import type { AggregationSummary } from '../../../src/model/summary.ts'
import { expectedLinks } from '../../cases/reported-links.ts'
import { startWithCase } from '../../support/reported-case.ts'

const levels = ['service', 'operation'] as const

/** The values of all attributes in a case that may name a peer. */
function namesIn(name: string): string[] {
  const text = readFileSync(new URL(`../../cases/reported/${name}.json`, import.meta.url), 'utf8')
  const named =
    /"key": "(?:[\w.]*(?:peer|destination|address|db)[\w.]*)", "value": \{"stringValue": "([^"]+)"/g
  return [...new Set([...text.matchAll(named)].map(([, value = '']) => value))]
}

/** The names of a node as an explanation may write them between two others. */
const namesOf = ({ title, subTitle, operation = subTitle, detail__role: role }: NodeRow) =>
  role === 'operation' ? [`${title}/${operation}`, `${title}/${subTitle}`] : [title]

interface Explained {
  code?: string
  edge: { count: number } | null
  calls: { count: number; examples: unknown[] }
  nearMisses: { rule: string; count: number; via: { node: string }[] }[]
  verdict: string
}

/** Returns what an explanation says that the graph does not have. */
function mistakesIn(
  { edge, calls, nearMisses, verdict }: Explained,
  { nodes, edges }: GraphDocument,
  source: NodeRow,
  target: NodeRow,
): unknown[] {
  const count = edges.find((row) => row.source === source.id && row.target === target.id)?.count ?? 0
  const reported = [edge?.count ?? 0, calls.count, calls.examples.length > 0]
  const self = nearMisses.find(({ rule }) => rule === 'same-node')?.count ?? 0
  const between = nearMisses.flatMap(({ via }) => via.map(({ node }) => node))
  const isRight =
    `${reported}` === `${[count, count, count > 0]}` &&
    (source === target ? self === source.selfCalls : count > 0 || nearMisses.length > 0) &&
    between.every((one) => nodes.some((node) => namesOf(node).includes(one)))
  return isRight
    ? []
    : [{ source: namesOf(source)[0], target: namesOf(target)[0], reported, self, between, verdict }]
}

for (const name of Object.keys(expectedLinks)) {
  t.test(`explains and reports ${name} as the graph has it`, async (t) => {
    const { app } = await startWithCase(t, name)
    const explain = async (source: string, target: string) =>
      (await app.inject({ url: '/graphs/g/explain', query: { source, target } })).json<Explained>()
    for (const level of levels) {
      const payload = { graph: 'g', level, useTagAsNode: false }
      const built = await app.inject({ method: 'POST', url: '/aggregate', payload })
      const summary = built.json<AggregationSummary>()
      if (summary.status === 'empty') continue
      const report = await app.inject('/graphs/g/report')
      const counts: Record<string, unknown> = { ...summary.spans, ...summary.read }
      for (const { kind, count } of report.json<GraphReport>().findings) {
        if (kind in counts && typeof counts[kind] === 'number')
          t.equal(count, counts[kind], `${level}: ${kind}`)
      }
      t.notMatch(report.body, 'in its place')
      const graph = (await app.inject('/graphs/g')).json<GraphDocument>()
      const mistakes: unknown[] = []
      for (const source of graph.nodes) {
        for (const target of graph.nodes) {
          mistakes.push(...mistakesIn(await explain(source.id, target.id), graph, source, target))
        }
      }
      t.same(mistakes, [], level)
      const shown = graph.nodes.map((node) => `${node.title} ${node.id}`.toLowerCase())
      const absent = namesIn(name).filter((one) => !shown.some((node) => node.includes(one.toLowerCase())))
      for (const one of absent) {
        t.equal((await explain(graph.nodes[0]?.id ?? '', one)).code, 'TTA_NOT_FOUND', one)
      }
    }
  })
}
