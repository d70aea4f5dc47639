// Compiled in the folder in which the package is installed.
import { type App, buildApp } from 'tempo-trace-aggregation'
import { GraphBuilder, type GraphBuilderOptions } from 'tempo-trace-aggregation/graph'

const tta: App = await buildApp({ config: 'config.yml', env: { TTA_SERVER_PORT: '0' } })
export const url: string = await tta.listen()
export const { nodes } = (await tta.inject({ url: '/graphs/shop' })).json<{ nodes: { id: string }[] }>()
// @ts-expect-error: the port is a number
await tta.listen({ port: '8080' })
export const sums = (options: GraphBuilderOptions) => new GraphBuilder(options).finish().nodes
