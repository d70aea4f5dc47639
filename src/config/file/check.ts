import { Ajv, type Options } from 'ajv'
import { ConfigFile } from '../sections/schema.ts'

/** Defaults are filled in; nothing is taken out and nothing converted. */
export const ajvOptions: Options = { strict: true, allErrors: true, verbose: true, useDefaults: true }

/**
 * Whether a tree is a configuration file; what is wrong is in `check.errors`. To compile it takes a tenth of a second:
 * the build does it once and for all.
 */
export const check = new Ajv(ajvOptions).compile<ConfigFile>(ConfigFile)
