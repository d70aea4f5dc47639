import { type AccessToken, accessTokens } from './checks/access-tokens.ts'
import { readAuthority } from './connection.ts'
import type { ConfigFile } from './sections/schema.ts'

/**
 * Every key of the configuration file under its name there: checked, completed with defaults and frozen.
 * Two keys name files that are read with the configuration, so that a reload notices a change in them:
 * tokens become hashes, and `tempo.ca_file` holds the certificates. Contains secrets: never log it.
 */
export interface Config extends Omit<ConfigFile, 'server' | 'tempo'> {
  server: Omit<ConfigFile['server'], 'auth'> & { auth: { tokens: readonly AccessToken[] } }
  tempo: Omit<ConfigFile['tempo'], 'ca_file'> & { ca_file?: Authority }
}

/** The certificate authorities to trust in place of the system's. */
export interface Authority {
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
