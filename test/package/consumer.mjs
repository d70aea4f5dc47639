// Runs in the folder in which the package is installed.
import { readFileSync } from 'node:fs'
import { buildApp } from 'tempo-trace-aggregation'
import { GraphBuilder } from 'tempo-trace-aggregation/graph'

const tta = await buildApp({ config: { log: { level: 'silent' } }, env: { TTA_GRAPH_NAME: 'shop' } })
const url = await tta.listen({ port: 0 })
const { status: listening } = await fetch(`${url}/health/live`)
const payload = JSON.parse(readFileSync('spans.json', 'utf8'))
const { statusCode: sent } = await tta.inject({ method: 'POST', url: '/v1/traces', payload })
const built = (await tta.inject({ method: 'POST', url: '/aggregate', payload: {} })).json().status
const { body: drawn } = await tta.inject({ url: '/graphs/shop?format=svg' })
await tta.close()
console.log(JSON.stringify({ listening, sent, built, drawn, builder: typeof GraphBuilder }))
