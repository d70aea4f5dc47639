import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'

// `npm test` builds this file first.
const main = resolve('dist/main.js')

/** Starts tta as a process in an empty folder with a clean environment. */
function tta(
  t: Test,
  argv: string[],
  env: Record<string, string> = {},
  cwd = mkdtempSync(join(tmpdir(), 'tta-process-')),
) {
  const child = spawn(process.execPath, [main, ...argv], {
    cwd,
    env: { PATH: process.env.PATH ?? '', ...env },
  })
  t.teardown(() => child.kill('SIGKILL'))
  const output = { out: '', err: '' }
  child.stdout.on('data', (data) => {
    output.out += data
  })
  child.stderr.on('data', (data) => {
    output.err += data
  })
  const ended = once(child, 'close').then(([status]) => ({ status, ...output }))
  return { child, output, ended }
}

/** Waits until the output of a stream matches. */
async function outputMatching(
  child: ChildProcess,
  stream: 'stdout' | 'stderr',
  pattern: RegExp,
): Promise<string> {
  let text = ''
  for await (const data of child[stream] ?? []) {
    text += data
    const match = pattern.exec(text)
    if (match) return match[0]
  }
  throw new Error(`ended without output that matches ${pattern}: ${text}`)
}

t.test('prints the version of the package', async (t) => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  t.same(await tta(t, ['--version']).ended, { status: 0, out: `tta ${version}\n`, err: '' })
})

t.test('exits with 1 and one line if nothing can be built', async (t) => {
  t.match(await tta(t, []).ended, { status: 1, out: '', err: /^tta: tempo\.url is not set.*\n$/ })
})

t.test('shows the graph of the demo in an empty folder, regardless of the environment', async (t) => {
  const { status, out, err } = await tta(t, ['demo', '--once'], { TTA_TEMPO_URL: 'http://127.0.0.1:9' }).ended
  t.equal(status, 0, err)
  t.match(out, /^graph {4}shop: complete, /m)
  t.match(out, /^CALLER +-> CALLEE +CALLS/m)
  t.equal(err, '')
})

t.test('stops on SIGTERM if the reader of its log has gone', async (t) => {
  const children = Array.from({ length: 4 }, () => tta(t, ['serve', '--port', '0']))
  await Promise.all(
    children.map(async ({ child, ended }) => {
      const url = await outputMatching(child, 'stderr', /http:\/\/127\.0\.0\.1:\d+/)
      child.stderr.destroy()
      await fetch(`${url}/health/live`)
      child.kill('SIGTERM')
      t.equal((await ended).status, 0)
    }),
  )
})

t.test('stops serving on SIGTERM and exits with 0', async (t) => {
  const { child, ended } = tta(t, ['serve', '--port', '0'])
  const url = await outputMatching(child, 'stderr', /http:\/\/127\.0\.0\.1:\d+/)
  t.equal((await fetch(`${url}/health/live`)).status, 200)
  child.kill('SIGTERM')
  t.equal((await ended).status, 0)
  await t.rejects(fetch(`${url}/health/live`))
})

t.test(
  'serves its own files and those of packages from the bundle, and checks the configuration',
  async (t) => {
    const { child } = tta(t, ['serve', '--port', '0'])
    const url = await outputMatching(child, 'stderr', /http:\/\/127\.0\.0\.1:\d+/)
    for (const path of ['/docs', '/docs/static/swagger-ui.css', '/docs/static/logo.svg', '/']) {
      t.equal((await fetch(url + path)).status, 200, path)
    }
    const { err } = await tta(t, ['serve'], { TTA_SERVER_PORT: '65536', TTA_LOG_LEVEL: 'loud' }).ended
    t.match(err, /server\.port.*65536.*must be.* 0 to 65535/)
    t.match(err, /log\.level.*loud.*fatal/)
  },
)

t.test('writes all lines of its log before it exits', async (t) => {
  // Reading process.stderr.writable makes the stream asynchronous.
  const script = `
    import { createLogger } from ${JSON.stringify(pathToFileURL(resolve('dist/operations/logger.js')).href)}
    const log = createLogger('info')
    process.stderr.writable
    log.info('first')
    process.stdin.on('data', () => {
      for (let line = 0; line < 20_000; line++) log.info('one of many')
      process.exit()
    })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script])
  t.teardown(() => child.kill('SIGKILL'))
  let said = ''
  child.stderr.on('data', (data) => {
    if (said === '') child.stdin.write('end')
    said += data
  })
  await once(child, 'close')
  t.equal(said.trimEnd().split('\n').length, 20_001)
})

t.test('writes log lines promptly in a busy process, and the last ones before it exits', async (t) => {
  const script = `
    import { pbkdf2 } from 'node:crypto'
    import { createLogger } from ${JSON.stringify(pathToFileURL(resolve('dist/operations/logger.js')).href)}
    const log = createLogger('info')
    // All threads that could write are taken.
    for (let task = 0; task < 8; task++) pbkdf2('password', 'salt', 100_000, 64, 'sha512', () => {})
    log.info('first')
    setTimeout(() => log.info('second'), 3)
    process.stdin.on('data', () => {
      log.info('last')
      process.exit()
    })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script])
  t.teardown(() => child.kill('SIGKILL'))
  let said = ''
  const second = new Promise<void>((resolve) => {
    child.stderr.on('data', (data) => {
      said += data
      if (/"second"/.test(said)) resolve()
    })
  })
  await second
  const closed = once(child, 'close')
  child.stdin.write('end')
  await closed
  t.match(said, /"first".*\n.*"second".*\n.*"last".*\n$/)
})

t.test('reloads the configuration on SIGHUP, and keeps the old one if the new one is invalid', async (t) => {
  const directory = t.testdir({ 'config.yml': 'log: { level: info }' })
  const service = tta(t, ['serve', '--port', '0'], {}, directory)
  const says = async (text: RegExp): Promise<string> => {
    while (!text.test(service.output.err)) await once(service.child.stderr, 'data')
    return text.exec(service.output.err)?.[0] ?? ''
  }
  const url = await says(/http:\/\/127\.0\.0\.1:\d+/)
  writeFileSync(join(directory, 'config.yml'), 'log: { level: loud }')
  service.child.kill('SIGHUP')
  await says(/log\.level is \\"loud\\".*configuration not reloaded/)
  writeFileSync(join(directory, 'config.yml'), 'log: { level: debug }')
  service.child.kill('SIGHUP')
  await says(/"applied":\["log\.level"\].*configuration reloaded/)
  rmSync(join(directory, 'config.yml'))
  service.child.kill('SIGHUP')
  await says(/cannot be read \(ENOENT\).*configuration not reloaded/)
  t.equal((await fetch(`${url}/health/live`)).status, 200)
  service.child.kill('SIGTERM')
  t.equal((await service.ended).status, 0)
})

t.test('stops a loop on SIGINT and exits with the status of its last build', async (t) => {
  const tempo = createServer((_request, response) => response.writeHead(401).end('no org id'))
  await new Promise<void>((listening) => tempo.listen(0, '127.0.0.1', listening))
  t.teardown(() => tempo.close())
  const { port } = tempo.address() as AddressInfo
  const { child, ended } = tta(t, ['-l', '0.05', '--quiet'], { TTA_TEMPO_URL: `http://127.0.0.1:${port}` })
  await outputMatching(child, 'stderr', /(tta: .*\n){2}/)
  child.kill('SIGINT')
  t.equal((await ended).status, 1, 'every build failed')
})

t.test('does not crash when the reader closes the pipe', async (t) => {
  const { child, ended } = tta(t, ['--help'])
  child.stdout?.destroy()
  const { err } = await ended
  t.equal(err, '')
})
