import { setFlagsFromString } from 'node:v8'
import closeWithGrace from 'close-with-grace'
import { version } from './base/package.ts'
import { runCommandLine } from './cli/run.ts'
import { isTelemetryEnabled } from './operations/telemetry/enabled.ts'

/** After the time that builds under way have to end: for everything else, ms. */
const graceMs = 2000

// The heap may double before all of it is marked. Left to itself V8 allows a small heap less than the answers of Tempo
// that are in memory at a time: in a service that builds often it marked every second, 10 ms with requests waiting.
setFlagsFromString('--heap-growing-percent=100')

const stop = new AbortController()
const { argv, env, stdout, stderr } = process

// Who reads the output has gone (`tta | head`): nobody is left to tell.
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(1)
  throw error
})

// A file that may grow no more (ulimit -f, LimitFSIZE=) is an error of the write, not the end of the process.
process.on('SIGXFSZ', () => {})

let shutdownTimeoutMs = 0
const onShutdownTimeout = (timeoutMs: number) => {
  shutdownTimeoutMs = timeoutMs
}
let listensToHangUps = false
const onHangUp = (listener: () => void) => {
  listensToHangUps = true
  process.on('SIGHUP', listener)
}
// The demo's spans are the shop's: what the environment says of telemetry is not meant for them.
const isTraced = argv[2] !== 'demo' && isTelemetryEnabled(env)
const stopTelemetry = isTraced
  ? (await import('./operations/telemetry/start.ts')).startTelemetry(version)
  : async () => {}
const finished = runCommandLine(argv.slice(2), {
  env,
  directory: '.',
  stdout,
  stderr,
  signal: stop.signal,
  onHangUp,
  onShutdownTimeout,
})

// A terminal that goes away ends a build, as ever; for the service SIGHUP means to read its configuration anew.
process.on('SIGHUP', () => {
  if (!listensToHangUps) process.kill(process.pid, 'SIGTERM')
})
const options = { delay: false as const, logger: { error: sayOnStderr }, skip: ['SIGHUP' as const] }
const grace = closeWithGrace(options, async ({ err }) => {
  if (err) sayOnStderr(err)
  const limitMs = shutdownTimeoutMs + graceMs
  setTimeout(() => {
    sayOnStderr(`killed: it did not end within ${limitMs} ms`)
    process.exit(1)
  }, limitMs).unref()
  stop.abort(new Error('the process was asked to end'))
  const status = await finished
  await stopTelemetry()
  process.exit(err ? 1 : status)
})

process.exitCode = await finished
await stopTelemetry()
grace.uninstall()

function sayOnStderr(said: unknown): void {
  stderr.write(`tta: ${said instanceof Error ? said.stack : said}\n`)
}
