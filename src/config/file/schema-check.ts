import { Ajv, type Options } from 'ajv'
import { ConfigFile } from '../sections/config-file.ts'

/** Defaults are added, nothing is removed or converted. */
export const ajvOptions: Options = { strict: true, allErrors: true, verbose: true, useDefaults: true }

/**
 * Returns whether a tree fits the schema of the configuration file, and adds defaults. `check.errors` has the errors.
 * Compiling takes 0.1 s, so the build replaces this module by compiled code.
 */
export const check = new Ajv(ajvOptions).compile<ConfigFile>(ConfigFile)
