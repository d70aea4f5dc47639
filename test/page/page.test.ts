import t from 'tap'
import { buildPage, drawn, launch, open, seriousViolations, until, withoutBrowser } from './browser.ts'
import { build, serveShop } from './serve.ts'

const skip = withoutBrowser

t.before(() => {
  if (!skip) buildPage()
})

t.test('draws, searches, focuses, filters and explains a graph', { skip }, async (t) => {
  const shop = await serveShop(t)
  const { nodes, edges } = await build(shop)
  const browser = await launch(t)
  const page = await open(t, browser, shop.url)
  await drawn(page)
  const legend = page.locator('#legend')
  t.match(await legend.innerText(), `${nodes.length} nodes · ${edges.length} edges`)
  t.match(await page.locator('#status').innerText(), /^complete/)
  t.match(await page.locator('#panel').innerText(), /Failing calls/)
  t.same(await seriousViolations(page), [], 'axe')

  t.test('finds a node, focuses it and clears the focus by keyboard', async (t) => {
    await page.keyboard.press('/')
    await page.keyboard.type('payments charges')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.locator('#panel h2', { hasText: 'payments' }).waitFor()
    t.equal(await page.evaluate('document.activeElement.id'), 'canvas')
    await page.keyboard.press('f')
    await drawn(page, 2)
    const [, some] = /^(\d+) of/.exec(await legend.innerText()) ?? []
    const url = new URL(page.url())
    const focus = url.searchParams.get('focus')
    const around = edges.flatMap(({ source, target }) =>
      source === focus ? [target] : target === focus ? [source] : [],
    )
    t.equal(Number(some), new Set([focus, ...around]).size, 'the node and its neighbours')
    t.equal(url.searchParams.get('node'), focus)
    t.match(await page.locator('#focus-bar').innerText(), /payments · .*\s+and neighbours/)
    t.same(await seriousViolations(page), [], 'axe')

    await page.locator('#hops').selectOption('0')
    await drawn(page, 3)
    await page.locator('#canvas').focus()
    await page.keyboard.press('ArrowLeft')
    await until(page, `!location.search.includes('node=${focus}')`)
    t.ok(new URL(page.url()).searchParams.get('node'), 'an arrow selects another node')
    await page.keyboard.press('Escape')
    await page.keyboard.press('Escape')
    await drawn(page, 4)
    t.equal(new URL(page.url()).search.includes('focus'), false)
    t.equal(await page.locator('#focus-bar').isVisible(), false)
  })

  t.test('shows only edges with failed calls', async (t) => {
    await page.locator('#trouble').check()
    await drawn(page, 5)
    t.match(await legend.innerText(), ` ${edges.filter(({ failed }) => failed > 0).length} edges`)
    await page.locator('#trouble').uncheck()
    await drawn(page, 6)
    await page.locator('#colour').selectOption('latency')
    t.match(await legend.innerText(), /p95 over/)
  })

  t.test('shows statistics, traces and spans of an edge', async (t) => {
    const worst = [...edges]
      .filter(({ failed }) => failed > 0)
      .sort((a, b) => b.failed / b.count - a.failed / a.count)[0]
    await page.locator('#panel .entry').first().click()
    t.equal(new URL(page.url()).searchParams.get('edge'), worst?.id)
    const panel = page.locator('#panel')
    const text = await panel.innerText()
    for (const part of [
      'p50',
      'p95',
      'p99',
      'failed',
      'slowest',
      worst?.exemplars.failed?.slice(0, 16) ?? '?',
      worst?.traceql ?? '?',
    ]) {
      t.ok(text.includes(part), part)
    }
    await panel.getByRole('button', { name: 'Show the spans behind it' }).click()
    await panel.locator('.verdict').waitFor()
    t.match(await panel.locator('.verdict').innerText(), / calls .*: \d+ calls?/)
    t.same(await seriousViolations(page), [], 'axe')
    await panel.getByRole('button', { name: '← Overview' }).click()
    await page.getByRole('tab', { name: 'Report' }).click()
    await panel.locator('.verdict').waitFor()
    t.match(await panel.innerText(), /All traces of the window were read/)
    t.same(await seriousViolations(page), [], 'axe')
  })

  t.test('restores the view from the URL', async (t) => {
    const url = new URL(shop.url)
    const node = nodes.find(({ title }) => title === 'checkout')
    url.search = `?graph=shop&focus=${node?.id}&hops=2&colour=latency&node=${node?.id}`
    const again = await open(t, browser, url.href)
    await drawn(again)
    t.match(await again.locator('#panel h2').innerText(), 'checkout')
    t.match(await again.locator('#legend').innerText(), /\d+ of/)
    t.equal(await again.locator('#colour').inputValue(), 'latency')
    t.equal(await again.locator('#hops').inputValue(), '2')
  })

  t.test('shows what is new since an earlier window', async (t) => {
    await page.locator('#compare').selectOption('15m')
    await drawn(page, 7)
    t.match(
      await page.locator('#panel').innerText(),
      new RegExp(`New · ${edges.length} edges, ${nodes.length} nodes`),
    )
    t.same(await seriousViolations(page), [], 'axe')
    await page.locator('#panel .entry').first().click()
    t.match(await page.locator('#panel table').innerText(), /Earlier\s+Now/)
  })
})
