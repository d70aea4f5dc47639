import { setImmediate as nextPass } from 'node:timers/promises'
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import type { FastifySchemaCompiler } from 'fastify'
import { components } from '../schema/components.ts'

export interface RequestValidator {
  compiler: FastifySchemaCompiler<object>
  /** Compiles all remaining schemas, one per iteration of the event loop. @throws if a schema is invalid */
  compileAll(): Promise<void>
}

/** Size above which only the first error of a request is reported. A search for all errors would block other requests. */
const maxValues = 5000

/**
 * Creates the validator of all requests. It does not convert values, remove keys or add defaults. A schema is compiled
 * for its first request or by `compileAll`. Compiling all schemas at the start would take a third of the start time.
 */
export function createValidator(): RequestValidator {
  const options = {
    // The errors then contain the schema, so that messages can name its keys and ranges.
    verbose: true,
    coerceTypes: false,
    removeAdditional: false,
    schemas: components,
    // All schemas are part of tta. Compiling the meta-schema would add 0.1 s to every start.
    meta: false,
    validateSchema: false,
  } as const
  const first = new Ajv(options)
  const all = new Ajv({ ...options, allErrors: true })
  const schemas: object[] = []
  const compiler: FastifySchemaCompiler<object> = ({ schema }) => {
    schemas.push(schema)
    let findAll: ValidateFunction | undefined
    return (data: unknown) => {
      // Ajv caches compiled schemas.
      const findFirst = first.compile(schema)
      if (findFirst(data)) return true
      if (!hasAtMost(maxValues, data)) return refused(findFirst.errors)
      findAll ??= all.compile(schema)
      findAll(data)
      return refused(findAll.errors)
    }
  }
  const compileAll = async () => {
    for (const schema of schemas) {
      await nextPass()
      first.compile(schema)
    }
  }
  return { compiler, compileAll }
}

const refused = (errors: ErrorObject[] | null | undefined) => ({ error: errors ?? [] })

/** Returns whether a value consists of at most `most` values. Stops counting above that. */
function hasAtMost(most: number, value: unknown): boolean {
  let left = most
  const count = (part: unknown): boolean => {
    if (--left < 0) return false
    if (typeof part !== 'object' || part === null) return true
    return (Array.isArray(part) ? part : Object.values(part)).every(count)
  }
  return count(value)
}
