import { once } from 'node:events'
import { configure } from './configure.ts'
import type { Arguments } from './parse-arguments.ts'
import type { BuildParts } from './parts.ts'
import type { Terminal } from './terminal.ts'
import { UsageError } from './usage-error.ts'

/**
 * `tta serve`: runs the HTTP service until the signal, then lets requests under way end.
 *
 * @throws {UsageError | ConfigError} it cannot be run this way
 */
export async function serveCommand(args: Arguments, terminal: Terminal, buildApp: BuildParts): Promise<void> {
  const config = configure(args, terminal)
  const { host, port } = config.server
  const { app, close } = await buildApp(config)
  try {
    const listenTextResolver = (address: string) => `tta listens at ${address}, its API is at ${address}/docs`
    await app.listen({ host, port, listenTextResolver }).catch((error: NodeJS.ErrnoException) => {
      throw new UsageError(`cannot listen at ${host}:${port}: ${reason(error)}`)
    })
    if (!terminal.signal.aborted) await once(terminal.signal, 'abort')
  } finally {
    await close()
  }
}

function reason({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'EADDRINUSE') return 'another program does (server.port or --port takes another one)'
  if (code === 'EACCES') return 'not allowed (ports below 1024 need privileges)'
  if (code === 'ENOTFOUND' || code === 'EADDRNOTAVAIL')
    return 'this machine has no such address (server.host)'
  return message
}
