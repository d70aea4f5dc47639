import { type TSchema, Type } from 'typebox'
import { ref } from './components.ts'
import { Problem } from './problem.ts'

const descriptions: Record<number, string> = {
  400: 'The request is wrong: `errors` names each field',
  404: 'There is no such graph',
  413: 'The body is too large',
  415: 'The body is not application/json',
  502: 'The source of traces could not be read: all graphs are as they were',
  503: 'The graph could not be handed on: `summary` has the account',
  504: 'The deadline passed: all graphs are as they were',
}

/** Documents the errors of a route. They are sent as text, so no serializer may cut their further members. */
export function problems(...statuses: (keyof typeof descriptions)[]): Record<number, TSchema> {
  const content = { 'application/problem+json': { schema: ref(Problem) } }
  return Object.fromEntries(
    statuses.map((status) => [status, Type.Unsafe<string>({ description: descriptions[status], content })]),
  )
}
