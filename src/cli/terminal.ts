import { styleText } from 'node:util'

/** Where text goes; a part of what process.stdout is. */
export interface Output {
  write(text: string): unknown
  isTTY?: boolean | undefined
  /** Width of the terminal. */
  columns?: number | undefined
}

/** Everything of the process that a command may see. */
export interface Terminal {
  env: NodeJS.ProcessEnv
  /** Working directory: where config.yml is looked for. */
  directory: string
  stdout: Output
  stderr: Output
  /** Aborts when the process is asked to end. */
  signal: AbortSignal
  /** Calls the listener whenever the process is asked to read its configuration anew (SIGHUP). */
  onHangUp?: (listener: () => void) => void
  /** Receives how long a command may take to end after `signal`, ms. */
  onShutdownTimeout?: (timeoutMs: number) => void
}

export type Colour = 'red' | 'yellow' | 'green' | 'bold' | 'dim'
export type Paint = (colour: Colour, text: string) => string

/** Colours only where a person looks on, and not against NO_COLOR (no-color.org: set and not empty). */
export function painter({ stdout, env }: Terminal): Paint {
  const coloured = stdout.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb'
  return coloured ? (colour, text) => styleText(colour, text, { validateStream: false }) : (_, text) => text
}
