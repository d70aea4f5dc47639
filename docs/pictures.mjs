// Makes the pictures of the README from the shop of the demo: npm run pictures. Wants a Chromium.
import { chromium } from 'playwright-core'
import { buildApp } from '../dist/app.js'
import { loadConfig } from '../dist/config/load.js'
import { shopSpans } from '../dist/demo/shop.js'
import { ShopExporter } from '../dist/demo/shop-exporter.js'
import { createLogger } from '../dist/http/logger.js'

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
const overrides = { log: { level: 'silent' }, graph: { name: 'shop' } }
const { app } = await buildApp(loadConfig({ env: {}, overrides }), { logger: createLogger('silent') })
await app.listen({ port: 0, host: '127.0.0.1' })
const url = `http://127.0.0.1:${app.server.address().port}`

const exporter = new ShopExporter(url)
const toMs = Date.now() - 1000
await exporter.send(shopSpans({ seed: 2025, traces: 600, fromMs: toMs - 600_000, toMs }))
await exporter.close()
const build = (payload) => app.inject({ method: 'POST', url: '/aggregate', payload: { from: 'now-15m', ...payload } })
await build({ level: 'both' })
const { nodes, edges } = (await app.inject('/graphs/shop-services')).json()
const worst = edges.toSorted((a, b) => b.failed / b.count - a.failed / a.count)[0]
const checkout = nodes.find(({ title }) => title === 'checkout')

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
await picture('page', 'light', `graph=shop-services&edge=${encodeURIComponent(worst.id)}`)
await picture('page-dark', 'dark', `graph=shop-services&colour=latency&node=${checkout.id}`)
await browser.close()
await app.close()

async function picture(name, colorScheme, query) {
  const viewport = { width: 1440, height: 810 }
  const page = await browser.newPage({ viewport, colorScheme, reducedMotion: 'reduce' })
  await page.goto(`${url}/?${query}`)
  await page.locator('#canvas[data-drawn]').waitFor()
  await page.waitForTimeout(500)
  await page.screenshot({ path: `docs/${name}.png` })
  await page.close()
}
