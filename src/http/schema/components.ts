import { type Static, type TSchema, Type } from 'typebox'
import { AlertNotification } from '../../builds/alerts/notification.ts'
import { AlertReceipt } from '../../builds/alerts/receipt.ts'
import { BuildEntry } from '../../model/build-history.ts'
import { EdgeDiff, NodeDiff } from '../../model/diff-rows.ts'
import { Explanation } from '../../model/explanation.ts'
import { GraphComparison } from '../../model/graph-comparison.ts'
import { GraphDocument } from '../../model/graph-document.ts'
import { GraphReport } from '../../model/graph-report.ts'
import { Job } from '../../model/job.ts'
import { EdgeRow, NodeRow } from '../../model/node-graph-rows.ts'
import { AggregationParameters } from '../../model/parameters.ts'
import { Problem } from '../../model/problem.ts'
import { AggregationSummary } from '../../model/summary.ts'

type JsonSchema = Record<string, unknown>

/**
 * The named schemas of the OpenAPI document. A named schema inside another schema is replaced by a `$ref`, because the
 * validator and the OpenAPI generator accept each name only once.
 */
export const components: JsonSchema[] = [
  AggregationParameters,
  AggregationSummary,
  AlertNotification,
  AlertReceipt,
  BuildEntry,
  EdgeDiff,
  EdgeRow,
  Explanation,
  GraphComparison,
  GraphDocument,
  GraphReport,
  Job,
  NodeDiff,
  NodeRow,
  Problem,
].map((schema) => {
  const { $id, ...rest } = schema as unknown as JsonSchema
  return { $id, ...(simplified(rest) as JsonSchema) }
})

/** Returns a reference to a named schema, typed as that schema. @throws {TypeError} if the schema has no `$id` */
export function ref<T extends TSchema>(schema: T) {
  const { $id } = schema as { $id?: string }
  if ($id === undefined) throw new TypeError('schema has no $id')
  return Type.Unsafe<Static<T>>({ $ref: `${$id}#` })
}

/** Returns the schema for the OpenAPI document: named schemas become references, unions of strings become an `enum`. */
export function plain<T extends TSchema>(schema: T): T {
  return simplified(schema) as T
}

function simplified(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(simplified)
  if (schema === null || typeof schema !== 'object') return schema
  const { $id, anyOf, ...rest } = schema as JsonSchema
  if (typeof $id === 'string') return { $ref: `${$id}#` }
  if (Array.isArray(anyOf) && anyOf.every(({ const: only }) => typeof only === 'string')) {
    return { type: 'string', enum: anyOf.map((text) => text.const), ...rest }
  }
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, simplified(value)]))
}
