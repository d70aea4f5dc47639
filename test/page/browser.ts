import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import type { Test } from 'tap'

/** Where Debian, Fedora, Chrome itself and macOS have it. */
const places = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

export const chromiumPath = places.find((path) => path !== undefined && existsSync(path))
/** For `t.test(name, { skip })`: false, or why there is no browser. */
export const withoutBrowser =
  chromiumPath === undefined ? 'no Chromium: apt-get install chromium, or set CHROMIUM_PATH' : false

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Brings `dist` up to date: the page is served from there. */
export function buildPage(): void {
  execFileSync(process.execPath, ['build/build.mjs'], { stdio: 'inherit' })
}

export async function launch(t: Test): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: chromiumPath as string,
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  })
  t.teardown(() => browser.close())
  return browser
}

export interface OpenOptions extends BrowserContextOptions {
  /** What may be logged: a failed request is, by the browser. */
  expected?: RegExp
  /** Run before the page's own scripts. */
  script?: string
}

/**
 * Opens the page. The test fails at its end if there was an error on the console, an exception or a request to another
 * host.
 */
export async function open(t: Test, browser: Browser, url: string, options: OpenOptions = {}): Promise<Page> {
  const { expected, script, ...contextOptions } = options
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    reducedMotion: 'reduce',
    ...contextOptions,
  })
  const page = await context.newPage()
  if (script !== undefined) await page.addInitScript(script)
  page.setDefaultTimeout(patienceMs)
  const wrong: string[] = []
  const tell = (words: string) => {
    if (!expected?.test(words)) wrong.push(words)
  }
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) tell(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => tell(`exception: ${error.message}`))
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) wrong.push(`elsewhere: ${request.url()}`)
  })
  t.teardown(async () => {
    await context.close()
    if (wrong.length > 0) throw new Error(`The page went wrong: ${wrong.join('; ')}`)
  })
  await page.goto(url)
  return page
}

/** A machine under load is no reason to fail. */
const patienceMs = 120_000

/**
 * Waits until an expression holds on the page. Playwright's own waitForFunction wants eval, which the page's content
 * security policy forbids.
 */
export async function until(page: Page, expression: string): Promise<void> {
  const endMs = Date.now() + patienceMs
  while (!(await page.evaluate(expression))) {
    if (Date.now() > endMs) throw new Error(`${expression} does not hold after ${patienceMs} ms`)
    await sleep(30)
  }
}

/** Waits until so many drawings have been made since the page was opened. */
export async function drawn(page: Page, times = 1): Promise<void> {
  await until(page, `Number(document.getElementById('canvas')?.dataset.drawn ?? 0) >= ${times}`)
}

/** What axe finds that is serious or worse. */
export async function seriousViolations(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  const { violations } = (await page.evaluate('axe.run()')) as {
    violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[]
  }
  return violations
    .filter(({ impact }) => ['serious', 'critical'].includes(impact))
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('\n')}`,
    )
}
