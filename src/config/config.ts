import { type AccessToken, accessTokens } from './checks/access-tokens.ts'
import { readAuthority } from './connection.ts'
import type { ConfigFile } from './sections/config-file.ts'

/**
 * Every key of the configuration file under its name there: checked, completed with defaults and frozen.
 * Files that keys name are read at the same time, so that a reload notices a change in them. Tokens become
 * hashes, and `tempo.ca_file` has the certificates. Contains secrets: never log it.
 */
export interface Config extends Omit<ConfigFile, 'server' | 'tempo'> {
  server: Omit<ConfigFile['server'], 'auth'> & { auth: { tokens: readonly AccessToken[] } }
  tempo: Omit<ConfigFile['tempo'], 'ca_file'> & { ca_file?: Authority }
}

/** The certificate authorities to trust in place of the system's. */
interface Authority {
  path: string
  /** Content of the file. */
  pem: string
}

/** @param file passed the schema and the checks */
export function completeConfig(file: ConfigFile): Config {
  const { ca_file: path, ...tempo } = file.tempo
  return {
    ...file,
    server: { ...file.server, auth: { tokens: accessTokens(file.server.auth) } },
    tempo: path === undefined ? tempo : { ...tempo, ca_file: { path, pem: readAuthority(path) } },
  }
}
