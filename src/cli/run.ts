import { TtaError } from '../base/errors.ts'
import { buildCommand, type ExitStatus } from './build-command.ts'
import { reportFailure } from './failure.ts'
import { helpText } from './help.ts'
import { listenFailure } from './listen-failure.ts'
import { type Arguments, parseArguments } from './parse-arguments.ts'
import type { DemoOptions, Parts } from './parts.ts'
import { serveCommand } from './serve-command.ts'
import { summaryReport, widthOf } from './summary-report.ts'
import { painter, type Terminal } from './terminal.ts'
import { UsageError } from './usage-error.ts'

/**
 * Runs a command line, without node and script, to its end. What goes wrong is on stderr.
 *
 * @returns 0 complete or empty, 3 partial, 1 failed
 */
export async function runCommandLine(
  argv: readonly string[],
  terminal: Terminal,
  parts: Parts,
): Promise<ExitStatus> {
  const json = argv.includes('--json')
  try {
    return await run(parseArguments(argv), terminal, parts)
  } catch (error) {
    const { signal } = terminal
    const cancelled = signal.aborted && (error === signal.reason || isCancelled(error))
    const failure = cancelled ? new TtaError('TTA_CANCELLED', 'ended before the build was done') : error
    reportFailure(failure, terminal, json)
    return 1
  }
}

async function run(args: Arguments, terminal: Terminal, parts: Parts): Promise<ExitStatus> {
  const { command, values } = args
  if (values.has('help')) terminal.stdout.write(helpText(command))
  else if (values.has('version')) terminal.stdout.write(`tta ${parts.version}\n`)
  else if (command === 'build') return buildCommand(args, terminal, parts.buildApp)
  else if (command === 'serve') await serveCommand(args, terminal, parts.buildApp)
  else await demo(values, terminal, parts)
  return 0
}

async function demo(values: Map<string, string>, terminal: Terminal, parts: Parts): Promise<void> {
  const { stdout, signal } = terminal
  const style = { width: widthOf(stdout), paint: painter(terminal) }
  const port = portOf(values.get('port'))
  const options: DemoOptions = {
    port,
    to: receiverOf(values),
    once: values.has('once'),
    signal,
    print: (line) => void stdout.write(`${line}\n`),
    show: (document) => summaryReport(document.summary, document, style),
  }
  await parts.runDemo(options).catch((error) => {
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
