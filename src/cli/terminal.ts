import { styleText } from 'node:util'

/** The part of process.stdout that commands use. */
export interface Output {
  write(text: string): unknown
  isTTY?: boolean | undefined
  /** Width of the terminal. */
  columns?: number | undefined
}

/** The part of the process that commands use. */
export interface Terminal {
  env: NodeJS.ProcessEnv
  /** Working directory, which may contain config.yml. */
  directory: string
  stdout: Output
  stderr: Output
  /** Aborts when the process receives a signal to stop. */
  signal: AbortSignal
  /** Registers a listener for requests to reload the configuration (SIGHUP). */
  onHangUp?: (listener: () => void) => void
  /** Receives the time that a command may take to stop after `signal`, ms. */
  onShutdownTimeout?: (timeoutMs: number) => void
}

export type Colour = 'red' | 'yellow' | 'green' | 'bold' | 'dim'
export type Paint = (colour: Colour, text: string) => string

/** Creates a painter that colours text on terminals only, and respects NO_COLOR (no-color.org: set and not empty). */
export function createPaint({ stdout, env }: Terminal): Paint {
  const coloured = stdout.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb'
  return coloured ? (colour, text) => styleText(colour, text, { validateStream: false }) : (_, text) => text
}
