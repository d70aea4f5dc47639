import type { AppOverrides } from '../app.ts'
import { createApp } from './create-app.ts'
import { listenFailure, UsageError } from './failure.ts'
import type { Arguments } from './parse-arguments.ts'
import { lineWidth, summaryReport } from './summary-report.ts'
import { createPaint, type Terminal } from './terminal.ts'

/**
 * `tta demo`: runs tta with the traces of a sample shop, or sends these traces to another receiver.
 *
 * @throws {UsageError} for an invalid --port or --to
 */
export async function demoCommand(
  { values }: Arguments,
  terminal: Terminal,
  overrides: AppOverrides,
): Promise<void> {
  const { stdout, signal } = terminal
  const style = { width: lineWidth(stdout), paint: createPaint(terminal) }
  const port = portOf(values.get('port'))
  const to = receiverOf(values)
  // Only the demo needs the OpenTelemetry SDK, so its code is loaded here.
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
    throw cannotListen ? listenFailure(error, `127.0.0.1:${port}`, 'omit --port to use any free port') : error
  })
}

function receiverOf(values: Map<string, string>): string | undefined {
  const to = values.get('to')
  if (to === undefined) return undefined
  if (values.has('port'))
    throw new UsageError('--to cannot be combined with --port: with --to the demo does not listen')
  if (/^https?:\/\/[^/\s]/.test(to) && URL.canParse(to)) return to.replace(/\/+$/, '')
  throw new UsageError(`--to must be a URL such as http://localhost:4318, not ${JSON.stringify(to)}`)
}

function portOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new UsageError(`--port must be from 0 to 65535, not ${JSON.stringify(text)}`)
}
