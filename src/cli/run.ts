import type { AppOverrides } from '../app.ts'
import { TtaError } from '../base/errors.ts'
import { version } from '../base/package.ts'
import { buildCommand, type ExitStatus } from './build-command.ts'
import { createApp } from './create-app.ts'
import { reportFailure } from './failure.ts'
import { helpText } from './help.ts'
import { listenFailure } from './listen-failure.ts'
import { type Arguments, parseArguments } from './parse-arguments.ts'
import { serveCommand } from './serve-command.ts'
import { summaryReport, widthOf } from './summary-report.ts'
import { painter, type Terminal } from './terminal.ts'
import { UsageError } from './usage-error.ts'

/**
 * Runs a command line, without node and script, to its end. What goes wrong is on stderr.
 *
 * @param overrides parts to use in place of those the configuration asks for
 * @returns 0 complete or empty, 3 partial, 1 failed
 */
export async function runCommandLine(
  argv: readonly string[],
  terminal: Terminal,
  overrides: AppOverrides = {},
): Promise<ExitStatus> {
  const json = argv.includes('--json')
  try {
    return await run(parseArguments(argv), terminal, overrides)
  } catch (error) {
    const { signal } = terminal
    const cancelled = signal.aborted && (error === signal.reason || isCancelled(error))
    const failure = cancelled ? new TtaError('TTA_CANCELLED', 'ended before the build was done') : error
    reportFailure(failure, terminal, json)
    return 1
  }
}

async function run(args: Arguments, terminal: Terminal, overrides: AppOverrides): Promise<ExitStatus> {
  const { command, values } = args
  if (values.has('help')) terminal.stdout.write(helpText(command))
  else if (values.has('version')) terminal.stdout.write(`tta ${version}\n`)
  else if (command === 'build') return buildCommand(args, terminal, overrides)
  else if (command === 'serve') await serveCommand(args, terminal, overrides)
  else await demo(values, terminal, overrides)
  return 0
}

async function demo(values: Map<string, string>, terminal: Terminal, overrides: AppOverrides): Promise<void> {
  const { stdout, signal } = terminal
  const style = { width: widthOf(stdout), paint: painter(terminal) }
  const port = portOf(values.get('port'))
  const to = receiverOf(values)
  // Only the demo needs the OpenTelemetry SDK.
  const { runDemo } = await import('./demo/run-demo.ts')
  const demoEnds = runDemo({
    port,
    to,
    once: values.has('once'),
    signal,
    print: (line) => void stdout.write(`${line}\n`),
    show: (document) => summaryReport(document.summary, document, style),
    buildApp: (config) => createApp(config, terminal, overrides),
  })
  await demoEnds.catch((error) => {
    const cannotListen = (error as NodeJS.ErrnoException).syscall === 'listen'
    throw cannotListen ? listenFailure(error, `127.0.0.1:${port}`, 'leave out --port for a free one') : error
  })
}

function receiverOf(values: Map<string, string>): string | undefined {
  const to = values.get('to')
  if (to === undefined) return undefined
  if (values.has('port'))
    throw new UsageError('--to sends the traces elsewhere, so nothing listens on --port')
  if (/^https?:\/\/[^/\s]/.test(to) && URL.canParse(to)) return to.replace(/\/+$/, '')
  throw new UsageError(`--to is ${JSON.stringify(to)}, but must be a URL such as http://localhost:4318`)
}

function portOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new UsageError(`--port is ${JSON.stringify(text)}, but must be from 0 to 65535`)
}

const isCancelled = (error: unknown) => error instanceof TtaError && error.code === 'TTA_CANCELLED'
