import type { AppOverrides } from '../app.ts'
import { TtaError } from '../base/errors.ts'
import { version } from '../base/package.ts'
import { buildCommand, type ExitStatus } from './build-command.ts'
import { demoCommand } from './demo-command.ts'
import { reportFailure } from './failure.ts'
import { helpText } from './help.ts'
import { type Arguments, parseArguments } from './parse-arguments.ts'
import { serveCommand } from './serve-command.ts'
import type { Terminal } from './terminal.ts'

/**
 * Runs a command line, without node and script. Reports errors on stderr.
 *
 * @param overrides parts that replace those of the configuration
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
    const failure = cancelled
      ? new TtaError('TTA_CANCELLED', 'interrupted before the build was complete')
      : error
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
  else await demoCommand(args, terminal, overrides)
  return 0
}

const isCancelled = (error: unknown) => error instanceof TtaError && error.code === 'TTA_CANCELLED'
