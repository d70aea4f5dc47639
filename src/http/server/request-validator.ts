import { setImmediate as nextPass } from 'node:timers/promises'
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import type { FastifySchemaCompiler } from 'fastify'
import { components } from '../schema/components.ts'

export interface RequestValidator {
  compiler: FastifySchemaCompiler<object>
  /** Compiles what no request has needed yet, one schema in a pass of the event loop. @throws a schema is none */
  compileAll(): Promise<void>
}

/** Of what is made of more values than these, only the first fault is told: to look for all would hold up everybody. */
const maxValues = 5000

/**
 * Checks requests. Nothing is converted, nothing is dropped and nothing is filled in. A schema is compiled when the
 * first request comes, or by `compileAll`: all of them before the start would take a third of it.
 */
export function createValidator(): RequestValidator {
  const options = {
    // Error messages name the keys and ranges of the schema that was missed.
    verbose: true,
    coerceTypes: false,
    removeAdditional: false,
    schemas: components,
    // Schemas are tta's own: to compile the schema of schemas would take a tenth of a second of every start.
    meta: false,
    validateSchema: false,
  } as const
  const first = new Ajv(options)
  const all = new Ajv({ ...options, allErrors: true })
  const known: object[] = []
  const compiler: FastifySchemaCompiler<object> = ({ schema }) => {
    known.push(schema)
    let findAll: ValidateFunction | undefined
    return (data: unknown) => {
      // It keeps what it has compiled.
      const findFirst = first.compile(schema)
      if (findFirst(data)) return true
      if (!hasAtMost(maxValues, data)) return refused(findFirst.errors)
      findAll ??= all.compile(schema)
      findAll(data)
      return refused(findAll.errors)
    }
  }
  const compileAll = async () => {
    for (const schema of known) {
      await nextPass()
      first.compile(schema)
    }
  }
  return { compiler, compileAll }
}

const refused = (errors: ErrorObject[] | null | undefined) => ({ error: errors ?? [] })

/** Whether a value is made of at most so many; no more of them are looked at. */
function hasAtMost(most: number, value: unknown): boolean {
  let left = most
  const count = (part: unknown): boolean => {
    if (--left < 0) return false
    if (typeof part !== 'object' || part === null) return true
    return (Array.isArray(part) ? part : Object.values(part)).every(count)
  }
  return count(value)
}
