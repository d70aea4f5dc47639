import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import type { Test } from 'tap'

/** Paths on Debian, Fedora, with Chrome, and on macOS. */
const places = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

const chromiumPath = places.find((path) => path !== undefined && existsSync(path))
/** For `t.test(name, { skip })`: false, or the reason why there is no browser. */
export const withoutBrowser =
  chromiumPath === undefined ? 'no Chromium: apt-get install chromium, or set CHROMIUM_PATH' : false

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Brings `dist` up to date: the page is served from there. */
export function buildPage(): void {
  execFileSync(process.execPath, ['build/build.mjs'], { stdio: 'inherit' })
}

/** @param args further options of Chromium */
export async function launch(t: Test, args: string[] = []): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: chromiumPath as string,
    args: ['--no-sandbox', '--disable-dev-shm-usage', ...args],
  })
  t.teardown(() => browser.close())
  return browser
}

export interface OpenOptions extends BrowserContextOptions {
  /** Console messages that are no error of the test; the browser logs failed requests. */
  expected?: RegExp
  /** Script to run before the scripts of the page. */
  script?: string
}

/** Opens the page. The test fails in its teardown after a console error, an exception or a request to another host. */
export async function open(t: Test, browser: Browser, url: string, options: OpenOptions = {}): Promise<Page> {
  const { expected, script, ...contextOptions } = options
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    reducedMotion: 'reduce',
    ...contextOptions,
  })
  const page = await context.newPage()
  if (script !== undefined) await page.addInitScript(script)
  page.setDefaultTimeout(timeoutMs)
  const errors: string[] = []
  const record = (text: string) => {
    if (!expected?.test(text)) errors.push(text)
  }
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) record(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => record(`exception: ${error.message}`))
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin)
      errors.push(`request to another host: ${request.url()}`)
  })
  t.teardown(async () => {
    await context.close()
    if (errors.length > 0) throw new Error(`The page failed: ${errors.join('; ')}`)
  })
  await page.goto(url)
  return page
}

/** Long enough for a machine under load. */
const timeoutMs = 120_000

/**
 * Waits until an expression is true on the page. Playwright's waitForFunction needs eval, which the content security
 * policy of the page forbids.
 */
export async function until(page: Page, expression: string): Promise<void> {
  const endMs = Date.now() + timeoutMs
  while (!(await page.evaluate(expression))) {
    if (Date.now() > endMs) throw new Error(`${expression} is still false after ${timeoutMs} ms`)
    await sleep(30)
  }
}

/** Waits until the page has drawn `times` graphs since it was opened. */
export async function drawn(page: Page, times = 1): Promise<void> {
  await until(page, `Number(document.getElementById('canvas')?.dataset.drawn ?? 0) >= ${times}`)
}

/** Returns the accessibility violations of level serious or critical that axe finds. */
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
