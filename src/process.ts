import { setFlagsFromString } from 'node:v8'
import closeWithGrace from 'close-with-grace'
import { version } from './base/package.ts'
import { runCommandLine } from './cli/run.ts'
import { flushLog } from './operations/logger.ts'
import { isTelemetryEnabled } from './operations/telemetry/enabled.ts'

/** Time for everything else after the time that running builds get to end, ms. */
const graceMs = 2000

// The heap may double before V8 marks all of it. V8's default for a small heap is less than the responses of Tempo in
// memory at one time. A service that built often was then marked every second, for 10 ms with requests waiting.
setFlagsFromString('--heap-growing-percent=100')

const stop = new AbortController()
const { argv, env, stdout, stderr } = process

// The reader of the output has gone, as in `tta | head`, so no message would arrive.
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(1)
  throw error
})

// A file at its size limit (ulimit -f, LimitFSIZE=) fails the write instead of ending the process.
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
// The demo sends spans of a shop, so the telemetry settings of the environment do not apply to it.
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

// SIGHUP ends a build, as a closed terminal should. The service reads its configuration again.
process.on('SIGHUP', () => {
  if (!listensToHangUps) process.kill(process.pid, 'SIGTERM')
})
const options = { delay: false as const, logger: { error: writeError }, skip: ['SIGHUP' as const] }
const grace = closeWithGrace(options, async ({ err }) => {
  if (err) writeError(err)
  const limitMs = shutdownTimeoutMs + graceMs
  setTimeout(() => {
    writeError(`killed: the process did not end within ${limitMs} ms`)
    process.exit(1)
  }, limitMs).unref()
  stop.abort(new Error('the process was asked to end'))
  const status = await finished
  await stopTelemetry()
  await flushLog()
  process.exit(err ? 1 : status)
})

process.exitCode = await finished
await stopTelemetry()
await flushLog()
grace.uninstall()

function writeError(error: unknown): void {
  stderr.write(`tta: ${error instanceof Error ? error.stack : error}\n`)
}
