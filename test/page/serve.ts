import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { type AppOverrides, buildApp } from '../../src/app.ts'
import { shopSpans } from '../../src/cli/demo/shop.ts'
import { ShopExporter } from '../../src/cli/demo/shop-exporter.ts'
import { loadConfig } from '../../src/config/file/load.ts'
import type { GraphDocument } from '../../src/model/graph-document.ts'
import { createLogger } from '../../src/operations/logger.ts'

const settings = { log: { level: 'silent' }, graph: { name: 'shop' } }

/** tta on a free port. */
export async function serve(t: Test, config: object = {}, overrides: AppOverrides = {}) {
  const parts = await buildApp(loadConfig({ env: {}, overrides: { ...settings, ...config } }), {
    logger: createLogger('silent'),
    ...overrides,
  })
  t.teardown(parts.close)
  await parts.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = parts.app.server.address() as AddressInfo
  return { ...parts, url: `http://127.0.0.1:${port}` }
}

/** tta with the shop of the demo and its graph. */
export async function serveShop(t: Test, overrides: AppOverrides = {}) {
  const parts = await serve(t, {}, overrides)
  const exporter = new ShopExporter(parts.url)
  const toMs = Date.now() - 1000
  await exporter.send(shopSpans({ seed: 7, traces: 120, fromMs: toMs - 240_000, toMs }))
  await exporter.close()
  return parts
}

/** Builds the graph shop. */
export async function build(
  { app }: Awaited<ReturnType<typeof serve>>,
  payload: object = { from: 'now-15m' },
) {
  const answer = await app.inject({ method: 'POST', url: '/aggregate', payload })
  if (answer.statusCode !== 200) throw new Error(answer.body)
  return (await app.inject('/graphs/shop')).json() as GraphDocument
}
