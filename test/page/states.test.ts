import t from 'tap'
import { createEmbeddedSource } from '../../src/sources/embedded/embedded-source.ts'
import { EmbeddedStore } from '../../src/sources/embedded/embedded-store.ts'
import type { TraceSource } from '../../src/sources/trace-source.ts'
import { buildPage, drawn, launch, open, seriousViolations, until, withoutBrowser } from './browser.ts'
import { build, serve, serveShop } from './serve.ts'

const skip = withoutBrowser

t.before(() => {
  if (!skip) buildPage()
})

t.test('builds a preview only for this page, and marks invalid fields', { skip }, async (t) => {
  const shop = await serveShop(t)
  const { builtAt } = await build(shop)
  const page = await open(t, await launch(t), shop.url, { expected: /status of 400/ })
  await drawn(page)
  await page.locator('#filter').fill('^cart$')
  await page.locator('#filter').press('Enter')
  await drawn(page, 2)
  t.match(await page.locator('#status').innerText(), /preview/)
  t.match(new URL(page.url()).searchParams.get('filter'), '^cart$')
  t.equal((await shop.app.inject('/graphs/shop')).json().builtAt, builtAt, 'the stored graph is the same')

  await page.locator('#filter').fill('(')
  await page.locator('#filter').press('Enter')
  await page.locator('#banner [role=alert]').waitFor()
  t.match(await page.locator('#banner').innerText(), /filter must be an RE2 regular expression/)
  t.equal(await page.locator('#filter').getAttribute('aria-invalid'), 'true')
  t.equal(await page.getByRole('button', { name: 'Try again' }).count(), 0, 'it would fail again')
  t.same(await seriousViolations(page), [], 'axe')
  await page.locator('#reset').click()
  await drawn(page, 3)
  t.match(await page.locator('#status').innerText(), /complete/)
  t.equal(await page.locator('#banner').isVisible(), false)
})

t.test('shows the progress of a rebuild, and cancels it', { skip }, async (t) => {
  const traces = new EmbeddedStore({ maxAgeSec: 3600, maxBytes: 1e9, now: Date.now })
  const source = createEmbeddedSource(traces)
  let gate: Promise<void> | undefined
  const slow: TraceSource = {
    ...source,
    async read(query, consumer, options) {
      options.onProgress?.({ fraction: 0.25, slices: 1, traces: 1234, spans: 56_789, requests: 3 })
      const aborted = new Promise<never>((_, reject) => {
        options.signal.addEventListener('abort', () => reject(options.signal.reason))
      })
      if (gate) await Promise.race([gate, aborted])
      return source.read(query, consumer, options)
    },
  }
  const shop = await serve(t, {}, { source: slow })
  const first = await build(shop)
  gate = new Promise(() => {})
  const page = await open(t, await launch(t), shop.url)
  await page.locator('#notice', { hasText: 'No traces in this window' }).waitFor()
  await page.locator('#rebuild').click()
  const progress = page.locator('#progress')
  await progress.getByText('1,234 traces').waitFor()
  t.match(await progress.innerText(), /Building shop: 25 % read · 1,234 traces · 56,789 spans/)
  t.same(await seriousViolations(page), [], 'axe')
  await progress.getByRole('button', { name: 'Cancel' }).click()
  await progress.waitFor({ state: 'hidden' })
  t.match((await shop.app.inject('/jobs')).json().jobs[0], { state: 'cancelled' })
  t.equal((await shop.app.inject('/graphs/shop')).json().builtAt, first.builtAt)

  gate = undefined
  await page.locator('#rebuild').click()
  await until(page, `document.getElementById('canvas').dataset.drawn > 1`)
  t.not((await shop.app.inject('/graphs/shop')).json().builtAt, first.builtAt)
})

t.test('explains what to do without a graph, and reports when tta does not answer', { skip }, async (t) => {
  const shop = await serveShop(t)
  const page = await open(t, await launch(t), shop.url, {
    expected: /ERR_CONNECTION|Failed to load resource/,
  })
  const notice = page.locator('#notice')
  await notice.getByText('No graph yet').waitFor()
  t.match(await notice.innerText(), /npm run demo/)
  t.same(await seriousViolations(page), [], 'axe')
  await notice.getByRole('button', { name: 'Build the first graph' }).click()
  await drawn(page)
  t.match(await page.locator('#status').innerText(), /complete/)

  await shop.close()
  await page.locator('#rebuild').click()
  await page.locator('#banner [role=alert]').waitFor()
  t.match(await page.locator('#banner').innerText(), /does not answer.*Try again/s)
  t.match(await page.locator('#legend').innerText(), /\d+ nodes/, 'the graph stays')
})

t.test('marks a graph that lacks a part', { skip }, async (t) => {
  const shop = await serveShop(t)
  await build(shop, { from: 'now-15m', limit: 50 })
  const page = await open(t, await launch(t), shop.url)
  await drawn(page)
  t.equal(await page.locator('#status .badge').innerText(), 'partial')
  t.match(await page.locator('#panel .warning').innerText(), /limit/)
  await page.getByRole('tab', { name: 'Report' }).click()
  await page.locator('#panel .finding.warning').first().waitFor()
  t.match(await page.locator('#panel').innerText(), /Truncated/)
  t.same(await seriousViolations(page), [], 'axe')
})

t.test('offers to build a missing graph', { skip }, async (t) => {
  const shop = await serveShop(t)
  await build(shop)
  const page = await open(t, await launch(t), `${shop.url}/?graph=other`, { expected: /status of 404/ })
  await page.locator('#notice', { hasText: 'Graph other not found' }).waitFor()
  t.same(await seriousViolations(page), [], 'axe')
  await page.getByRole('button', { name: 'Build other' }).click()
  await drawn(page)
  t.same(await page.locator('#graph option').allInnerTexts(), ['other', 'shop'])
})

t.test('asks for a token and keeps it only for this tab', { skip }, async (t) => {
  const token = 'a-token-of-the-tests-1234'
  const entry = { name: 'tests', token, scopes: ['read', 'write'] }
  const shop = await serve(t, { server: { auth: { tokens: JSON.stringify([entry]) } } })
  const page = await open(t, await launch(t), shop.url, { expected: /status of 401/ })
  const dialog = page.locator('#token-dialog')
  await dialog.waitFor()
  await page.locator('#token').fill('wrong-wrong-wrong-wrong')
  await page.locator('#token').press('Enter')
  await page.locator('#token-why', { hasText: /token is not|unknown token/i }).waitFor()
  t.same(await seriousViolations(page), [], 'axe')
  await page.locator('#token').fill(token)
  await page.locator('#token').press('Enter')
  await page.locator('#notice', { hasText: 'No graph yet' }).waitFor()
  t.equal(await page.evaluate(`sessionStorage.getItem('tta.token')`), token)
  t.equal(await page.evaluate(`JSON.stringify(localStorage) + document.cookie`), '{}')
  t.equal(page.url().includes(token), false)
})

t.test('works in the dark theme and on a phone', { skip }, async (t) => {
  const shop = await serveShop(t)
  await build(shop)
  const small = { viewport: { width: 360, height: 740 }, colorScheme: 'dark' as const }
  const page = await open(t, await launch(t), shop.url, small)
  await drawn(page)
  t.equal(await page.evaluate(`getComputedStyle(document.body).backgroundColor`), 'rgb(17, 19, 26)')
  t.equal(await page.evaluate('document.documentElement.scrollWidth'), 360, 'nothing overflows')
  t.same(await seriousViolations(page), [], 'axe')
  await page.locator('#panel .entry').first().click()
  await page.locator('#panel .latency').waitFor()
  t.equal(await page.evaluate('document.documentElement.scrollWidth'), 360)
  await page.locator('#theme').click()
  await page.locator('#theme').click()
  t.equal(await page.evaluate(`getComputedStyle(document.body).backgroundColor`), 'rgb(244, 245, 248)')
  t.same(await seriousViolations(page), [], 'axe')
})

t.test('shows hostile names as text', { skip }, async (t) => {
  const shop = await serve(t)
  const names = [
    '<script>alert(1)</script>',
    `"'><img src=x onerror=alert(1)>`,
    'two\nlines',
    '\u202Eright to left',
    '🛒 cart &amp;',
  ]
  const startNs = BigInt(Date.now() - 60_000) * 1_000_000n
  const resourceSpans = names.map((name, at) => ({
    resource: { attributes: [{ key: 'service.name', value: { stringValue: name } }] },
    scopeSpans: [
      {
        spans: [
          {
            traceId: 'a'.repeat(32),
            spanId: `${at + 1}`.padStart(16, '0'),
            parentSpanId: at === 0 ? '' : `${at}`.padStart(16, '0'),
            name,
            kind: 2,
            startTimeUnixNano: String(startNs),
            endTimeUnixNano: String(startNs + 5_000_000n),
            status: { code: 2 },
          },
        ],
      },
    ],
  }))
  await shop.app.inject({ method: 'POST', url: '/v1/traces', payload: { resourceSpans } })
  const { nodes } = await build(shop, { from: 'now-15m', useTagAsNode: false })
  t.equal(nodes.length, names.length)
  const page = await open(t, await launch(t), shop.url)
  let dialogs = 0
  page.on('dialog', (dialog) => {
    dialogs++
    void dialog.dismiss()
  })
  await drawn(page)
  for (const { id, title } of nodes) {
    await page.goto(`${shop.url}/?graph=shop&node=${id}`)
    await drawn(page)
    t.equal(await page.locator('#panel h2').textContent(), title)
    await page.locator('#search').fill(title.slice(0, 6))
    await page.locator('#search-results li').first().waitFor()
  }
  t.equal(dialogs, 0)
  t.equal(await page.locator('img, script:not([src])').count(), 0)
})
