import type { FieldError } from '../../base/errors.ts'
import { identityProblem } from '../../sources/identity.ts'

/** Checks the attributes that identify a service. */
export function identityErrors(field: string, identity: readonly string[] | undefined): FieldError[] {
  const message = identity && identityProblem(identity)
  return message === undefined ? [] : [{ field, value: identity, message }]
}
