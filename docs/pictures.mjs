// Makes the pictures of the README from the shop of the demo: npm run pictures. Wants a Chromium.
import { execFileSync } from 'node:child_process'
import { chromium } from 'playwright-core'
import { buildApp } from '../dist/app.js'
import { loadConfig } from '../dist/config/file/load.js'
import { shopSpans } from '../dist/cli/demo/shop.js'
import { ShopExporter } from '../dist/cli/demo/shop-exporter.js'
import { createLogger } from '../dist/operations/logger.js'
import { panelPage } from './panel-drawing.mjs'

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
const overrides = { log: { level: 'silent' }, graph: { name: 'shop' } }
const { app } = await buildApp(loadConfig({ env: {}, overrides }), { logger: createLogger('silent') })
await app.listen({ port: 0, host: '127.0.0.1' })
const url = `http://127.0.0.1:${app.server.address().port}`

const exporter = new ShopExporter(url)
const toMs = Date.now() - 1000
await exporter.send(shopSpans({ seed: 2025, traces: 600, fromMs: toMs - 600_000, toMs }))
await exporter.close()
await app.inject({ method: 'POST', url: '/aggregate', payload: { from: 'now-15m', level: 'both' } })
const { nodes, edges } = (await app.inject('/graphs/shop-services')).json()
const worst = edges.toSorted((a, b) => b.failed / b.count - a.failed / a.count)[0]
const checkout = nodes.find(({ title }) => title === 'checkout')

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
const viewport = { width: 1440, height: 810 }
await pictureOfPage('page', 'light', `graph=shop-services&edge=${encodeURIComponent(worst.id)}`)
await pictureOfPage('page-dark', 'dark', `graph=shop-services&colour=latency&node=${checkout.id}`)
const fields = (await app.inject('/shop-services/api/graph/fields')).json()
const data = (await app.inject('/shop-services/api/graph/data')).json()
await pictureOf('panel', panelPage(fields, data))
await pictureOf('terminal', terminalPage('npm run demo -- --once'))
await browser.close()
await app.close()

async function pictureOfPage(name, colorScheme, query) {
  const page = await browser.newPage({ viewport, colorScheme, reducedMotion: 'reduce' })
  await page.goto(`${url}/?${query}`)
  await page.locator('#canvas[data-drawn]').waitFor()
  await page.waitForTimeout(500)
  await page.screenshot({ path: `docs/${name}.png` })
  await page.close()
}

async function pictureOf(name, html) {
  const page = await browser.newPage({ viewport })
  await page.setContent(html)
  await page.locator('#picture').screenshot({ path: `docs/${name}.png` })
  await page.close()
}

/** A command and what it prints. */
function terminalPage(command) {
  const printed = execFileSync('node', ['dist/main.js', 'demo', '--once', '--port', '0'], { encoding: 'utf8' })
  const graph = printed.slice(printed.indexOf('graph '))
  const lines = graph.trimEnd().split('\n')
  const text = [`$ ${command}`, ...lines.slice(0, 24), ...(lines.length > 24 ? ['...'] : [])].join('\n')
  const style =
    'margin:0;padding:18px 22px;width:max-content;background:#16181f;color:#e4e6ee;font:14px/1.5 DejaVu Sans Mono,monospace'
  return `<body style="margin:0"><pre id="picture" style="${style}">${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</pre>`
}
