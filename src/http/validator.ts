import { Ajv } from 'ajv'
import type { FastifySchemaCompiler } from 'fastify'
import { components } from './components.ts'

/** Checks requests. Nothing is converted, nothing is dropped and nothing is filled in. */
export function validatorCompiler(): FastifySchemaCompiler<object> {
  const ajv = new Ajv({
    allErrors: true,
    // Error messages name the keys and ranges of the schema that was missed.
    verbose: true,
    coerceTypes: false,
    removeAdditional: false,
    schemas: components,
  })
  return ({ schema }) => ajv.compile(schema)
}
