import { execFile, spawn } from 'node:child_process'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import t from 'tap'
import { shopSpans } from '../../src/cli/demo/shop.ts'
import { otlpRequest } from '../support/otlp/otlp-request.ts'

/** The package that `npm pack` makes, installed in an empty folder. */

const run = promisify(execFile)
const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
const folder = mkdtempSync(join(tmpdir(), 'tta-package-'))
const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' }
const inFolder = { cwd: folder, env, timeout: 120_000 }

interface Packed {
  filename: string
  files: { path: string }[]
  size: number
  unpackedSize: number
}

// Packing and installing may take minutes on a busy machine.
t.setTimeout(280_000)
const packed = await pack()
const tarball = join(folder, packed.filename)
const packedPaths = packed.files.map(({ path }) => path)

async function pack(): Promise<Packed> {
  const argv = ['pack', '--json', '--silent', '--pack-destination', folder]
  const { stdout } = await run('npm', argv, { maxBuffer: 10_000_000 })
  const [only] = JSON.parse(stdout) as Packed[]
  if (only === undefined) throw new Error(`npm pack printed ${stdout}`)
  return only
}

/** Installs the tarball with the packages it depends on. @returns why it cannot, or false */
async function install(): Promise<false | string> {
  const network = ['--prefer-offline', '--fetch-retries=1', '--fetch-timeout=20000']
  const argv = ['install', tarball, '--prefix', folder, '--no-audit', '--no-fund', ...network]
  try {
    // npm needs the variables that say how to reach its registry.
    await run('npm', argv, { cwd: folder, timeout: 200_000 })
    return false
  } catch (error) {
    const { stderr } = error as { stderr: string }
    if (!/ENOTFOUND|ECONNREFUSED|ECONNRESET|EAI_AGAIN|ETIMEDOUT|ENOTCACHED/.test(stderr)) throw error
    return 'the package registry cannot be reached'
  }
}

t.test('the package holds every file that tta reads, and no source map', async (t) => {
  const read = sources('src').flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/builtFile\('([^']+)'\)/g)].map(
      ([, file = '']) => `dist/${file}`,
    ),
  )
  t.ok(read.length >= 3)
  for (const file of [...read, 'dist/swagger-ui/', 'config_example.yml', 'openapi/tta.json', 'LICENSE'])
    t.ok(
      packedPaths.some((path) => path.startsWith(file)),
      file,
    )
  t.same(
    packedPaths.filter((path) => path.endsWith('.map')),
    [],
  )
  t.ok(packed.unpackedSize < 8_000_000, `${packed.unpackedSize} bytes unpacked`)
  t.ok(packed.size < 2_500_000, `${packed.size} bytes packed`)
})

t.test('the package tells which licences apply to the code inside', async (t) => {
  const text = readFileSync('dist/THIRD_PARTY_NOTICES.txt', 'utf8')
  for (const name of ['fastify', 'pino', '@opentelemetry/core', 'swagger-ui'])
    t.match(text, new RegExp(`^== ${name} .*\\((MIT|Apache-2.0)\\)$`, 'm'))
  for (const name of ['libsql', '@libsql/linux-arm64-gnu', '@viz-js/viz', 'Graphviz, inside @viz-js/viz'])
    t.ok(text.includes(`\n== ${name} `), name)
  t.notMatch(text, 'undefined')
})

const skip = await install()

t.test('an installed tta', { skip }, async (t) => {
  const tta = join(folder, 'node_modules/.bin/tta')

  t.test('brings only the packages that the bundle leaves out', async (t) => {
    const installed = readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'))
    const own = ['@libsql', '@neon-rs', '@viz-js', 'detect-libc', 'libsql', manifest.name]
    t.same(
      installed.filter((name) => !own.includes(name)),
      [],
    )
  })

  t.test('prints version and help', async (t) => {
    t.equal((await run(tta, ['--version'], inFolder)).stdout, `tta ${manifest.version}\n`)
    t.match((await run(tta, ['--help'], inFolder)).stdout, /^Usage: tta /)
  })

  t.test('shows the graph of the demo', async (t) => {
    const { stdout } = await run(tta, ['demo', '--once', '--port', '0'], inFolder)
    t.match(stdout, /^CALLER +-> CALLEE +CALLS/m)
  })

  t.test('serves page, API documentation and health', async (t) => {
    const child = spawn(tta, ['serve'], {
      cwd: folder,
      env: { ...env, TTA_SERVER_PORT: '0', TTA_HISTORY_PATH: join(folder, 'history.db') },
    })
    t.teardown(() => child.kill('SIGKILL'))
    const url = await urlIn(child.stderr)
    for (const path of ['/', '/page/main.js', '/docs/static/swagger-ui.css', '/health/ready'])
      t.equal((await fetch(url + path)).status, 200, path)
    const ended = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGTERM')
    t.equal(await ended, 0)
  })

  t.test('offers the service and the kernel to programs', async (t) => {
    const toMs = Date.now() - 1000
    const spans = shopSpans({ seed: 1, traces: 20, fromMs: toMs - 60_000, toMs })
    writeFileSync(join(folder, 'spans.json'), JSON.stringify(otlpRequest(spans)))
    copyFileSync('test/package/consumer.mjs', join(folder, 'consumer.mjs'))
    const { stdout } = await run(process.execPath, ['consumer.mjs'], inFolder)
    t.match(JSON.parse(stdout), {
      listening: 200,
      sent: 200,
      built: 'complete',
      drawn: /<svg/,
      builder: 'function',
    })
  })

  t.test('has types that a strict compiler accepts', async (t) => {
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
    copyFileSync('test/package/typed-consumer.ts', join(folder, 'consumer.ts'))
    const tsc = resolve('node_modules/typescript/bin/tsc')
    const argv = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', 'consumer.ts']
    const { stdout } = await run(process.execPath, [tsc, ...argv], inFolder).catch((error) => error)
    t.equal(stdout, '')
  })
})

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
}

/** Keeps reading afterwards: a process cannot end as usual if its output is not read. */
function urlIn(stream: Readable): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    stream.on('data', (data) => {
      text += data
      const [url] = /http:\/\/[\d.:]+/.exec(text) ?? []
      if (url !== undefined) resolve(url)
    })
  })
}
