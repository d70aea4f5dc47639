import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { launch, withoutBrowser } from './browser.ts'
import { serve } from './serve.ts'

/** A page without content at any path, as another site serves it. */
async function otherSite(t: Test): Promise<number> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><title>other</title>')
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

/** Runs in the page: the status of a request, or that the browser hid the answer. */
const ask = (url: string, method: string, mode: string) =>
  `fetch(${JSON.stringify(url)}, { method: '${method}', mode: '${mode}' }).then((r) => r.status, () => 'hidden')`

t.test('a page of another site reads, builds and removes nothing', { skip: withoutBrowser }, async (t) => {
  const requested: unknown[] = []
  const { app, url } = await serve(t)
  app.server.on('request', ({ method, url: path }, response) => {
    response.on('finish', () => requested.push([method, path, response.statusCode]))
  })
  const port = new URL(url).port
  const rules = 'MAP rebound.example 127.0.0.1, MAP other.example 127.0.0.1'
  const browser = await launch(t, [`--host-resolver-rules=${rules}`])
  const page = await browser.newPage()

  // The name of the page resolves to tta: the browser takes tta for the page's own origin.
  const rebound = await page.goto(`http://rebound.example:${port}/`)
  t.equal(rebound?.status(), 403)
  for (const [method, path] of [
    ['GET', '/graphs'],
    ['GET', '/graphs/shop?from=now-7d'],
    ['POST', '/aggregate'],
    ['DELETE', '/graphs/shop'],
  ] as const) {
    t.equal(await page.evaluate(ask(path, method, 'same-origin')), 403, `${method} ${path}`)
  }

  await page.goto(`http://other.example:${await otherSite(t)}/`)
  requested.length = 0
  t.equal(await page.evaluate(ask(`${url}/graphs/shop?from=now-7d`, 'GET', 'no-cors')), 0)
  t.equal(await page.evaluate(ask(`${url}/aggregate`, 'POST', 'no-cors')), 0)
  t.equal(await page.evaluate(ask(`${url}/graphs`, 'GET', 'cors')), 'hidden')
  const image = `new Promise((done) => {
    const image = new Image()
    image.onload = image.onerror = done
    image.src = ${JSON.stringify(`${url}/graphs/shop?from=now-7d&format=svg`)}
  }).then(() => true)`
  t.ok(await page.evaluate(image))
  t.same(requested, [
    ['GET', '/graphs/shop?from=now-7d', 403],
    ['POST', '/aggregate', 403],
    ['GET', '/graphs', 403],
    ['GET', '/graphs/shop?from=now-7d&format=svg', 403],
  ])
})
