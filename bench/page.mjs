/** How long the page takes, in a real browser, to draw 1,000 nodes and 3,000 edges, and how long it ever freezes. */
import { chromium } from 'playwright-core'
import { buildApp } from '../dist/app.js'
import { loadConfig } from '../dist/config/file/load.js'
import { createLogger } from '../dist/operations/logger.js'
import { measured, report } from './figures.mjs'

const [nodes, edges, rounds] = [1000, 3000, 5]
const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
const overrides = { log: { level: 'silent' }, graph: { name: 'large' }, query: { use_tag_as_node: false } }
const { app } = await buildApp(loadConfig({ env: {}, overrides }), { logger: createLogger('silent') })
await app.listen({ port: 0, host: '127.0.0.1' })
const url = `http://127.0.0.1:${app.server.address().port}`
await post('/v1/traces', { resourceSpans: largeGraph() })
const { built } = await post('/aggregate', { from: 'now-15m' })
const graph = await (await fetch(`${url}/graphs/large`)).json()
const busiest = graph.nodes.sort((a, b) => b.count - a.count)

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
const times = {}
// The first round is for the caches of the disk.
for (let round = 0; round <= rounds; round++) {
  const visited = await visit(busiest[round].title)
  if (round === 0) continue
  for (const [what, ms] of Object.entries(visited)) times[what] = [...(times[what] ?? []), ms]
}
await browser.close()
await app.close()
const freezes = ['longest task', 'longest frame while panning and zooming']
report(`Page: ${built.nodes} nodes, ${built.edges} edges in Chromium`, [
  ...Object.entries(times).map(([what, taken]) => measured(what, 'ms', taken)),
  ...freezes.map((what) =>
    measured(`${what}, of all visits`, 'ms', [Math.max(...times[what])], { atMost: 200 }),
  ),
])

/** One person's visit: opens the page, goes to a node, looks at its neighbours, leaves them, moves about. */
async function visit(title) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
  await page.addInitScript(`
    window.tasks = []
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration)))
      .observe({ type: 'longtask', buffered: true })
  `)
  const drawn = (times) => page.locator(`#canvas[data-drawn="${times}"]`).waitFor({ timeout: 60_000 })
  const timed = async (act, drawings) => {
    const before = performance.now()
    await act()
    await drawn(drawings)
    return performance.now() - before
  }
  const first = await timed(() => page.goto(url), 1)
  await page.locator('#search').fill(title)
  await page.keyboard.press('Enter')
  const focus = await timed(() => page.keyboard.press('f'), 2)
  await page.keyboard.press('Escape')
  const back = await timed(() => page.keyboard.press('Escape'), 3)
  const frame = await longestFrame(page)
  const tasks = await page.evaluate('tasks')
  await page.close()
  return {
    'first drawing, from the address on': first,
    'focus on a node': focus,
    'back to the whole graph': back,
    'longest frame while panning and zooming': frame,
    'longest task': Math.max(0, ...tasks),
  }
}

/** Drags the drawing about, then zooms in and out. */
async function longestFrame(page) {
  await page.evaluate(`
    window.frames_ = []
    let last = performance.now()
    requestAnimationFrame(function next(now) { frames_.push(now - last); last = now; requestAnimationFrame(next) })
  `)
  await page.mouse.move(500, 500)
  await page.mouse.down()
  for (let step = 0; step < 20; step++) await page.mouse.move(500 + step * 8, 500 - step * 4)
  await page.mouse.up()
  for (let step = 0; step < 20; step++) await page.mouse.wheel(0, step < 10 ? -120 : 120)
  return Math.max(...(await page.evaluate('frames_')))
}

async function post(path, body) {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(await answer.text())
  return answer.json()
}

/** A trace of two spans for every edge; each service calls others behind it, some of them often. */
function largeGraph() {
  const startNs = BigInt(Date.now() - 60_000) * 1_000_000n
  const calls = new Set()
  for (let at = 0, seed = 1; calls.size < edges; at++) {
    seed = (seed * 48_271) % 2_147_483_647
    const caller = at < nodes - 1 ? Math.floor(at / 3) : seed % (nodes - 1)
    const callee =
      at < nodes - 1 ? at + 1 : Math.min(nodes - 1, caller + 1 + (Math.floor(seed / nodes) % 120))
    calls.add(`${caller} ${callee}`)
  }
  return [...calls].flatMap((call, at) => {
    const traceId = (at + 1).toString(16).padStart(32, '0')
    return call.split(' ').map((service, depth) => ({
      resource: { attributes: [{ key: 'service.name', value: { stringValue: `service-${service}` } }] },
      scopeSpans: [
        {
          spans: [
            {
              traceId,
              spanId: `${depth + 1}`.padStart(16, '0'),
              parentSpanId: depth === 0 ? '' : '1'.padStart(16, '0'),
              name: 'GET /',
              kind: depth === 0 ? 3 : 2,
              startTimeUnixNano: String(startNs),
              endTimeUnixNano: String(startNs + BigInt((at % 90) + 1) * 1_000_000n),
              status: { code: at % 40 === 0 ? 2 : 0 },
            },
          ],
        },
      ],
    }))
  })
}
