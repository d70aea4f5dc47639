// Compiled in the folder in which the package is installed.
import { type App, buildApp } from 'tempo-trace-aggregation'
import { type Graph, GraphBuilder, SpanTable, StringTable } from 'tempo-trace-aggregation/graph'

const tta: App = await buildApp({ config: 'config.yml', env: { TTA_SERVER_PORT: '0' } })
export const url: string = await tta.listen()
export const { nodes } = (await tta.inject({ url: '/graphs/shop' })).json<{ nodes: { id: string }[] }>()
// @ts-expect-error: the port is a number
await tta.listen({ port: '8080' })

const strings = new StringTable()
export const spans = new SpanTable(strings)
export const graph: Graph = new GraphBuilder({ strings, slowThresholdMs: 40 }).finish()
