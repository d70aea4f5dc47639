import { type Static, type TSchema, Type } from 'typebox'
import { Problem } from '../../model/problem.ts'
import { plain, ref } from './components.ts'

/** Documents a JSON response. */
export function answer<T extends TSchema>(description: string, schema: T) {
  return Type.Unsafe<Static<T>>({ description, content: { 'application/json': { schema: plain(schema) } } })
}

/**
 * Documents a response with an entity tag, and the 304 for a client that has it already.
 *
 * @param more content of further media types
 */
export function taggedAnswer(description: string, schema: TSchema, more: object = {}) {
  const headers = { ETag: { type: 'string', description: 'Strong entity tag, for If-None-Match' } }
  const { content } = answer(description, schema) as unknown as { content: object }
  return {
    200: Type.Unsafe<Buffer>({ description, content: { ...content, ...more }, headers }),
    304: Type.Null({ description: 'Not modified: If-None-Match has the current entity tag' }),
  }
}

/** Documents responses in text formats other than JSON. */
export function textContent(mediaTypes: string[]): object {
  return Object.fromEntries(mediaTypes.map((mediaType) => [mediaType, { schema: { type: 'string' } }]))
}

const descriptions: Record<number, string> = {
  400: 'Invalid request. `errors` lists each invalid field',
  401: 'Authentication required, or unknown token',
  403: 'The token lacks the required scope',
  404: 'Not found',
  406: 'No format matches the Accept header. `available` lists the media types',
  409: 'The job has already ended',
  413: 'Request body too large',
  415: 'The request body is not application/json, or it is compressed',
  422: 'Invalid configuration. `errors` lists each invalid key',
  429: 'Rate limit exceeded, or build queue full. `Retry-After` is the time to wait, s',
  431: 'The URL and the headers are too long',
  502: 'The trace source could not be read. All graphs are unchanged',
  503: 'A sink failed, the history is unavailable, or the service is shutting down',
  504: 'The build exceeded its deadline. All graphs are unchanged',
}

/** Documents the error responses of a route. */
export function problems(...statuses: number[]): Record<number, TSchema> {
  const content = { 'application/problem+json': { schema: ref(Problem) } }
  return Object.fromEntries(
    statuses.map((status) => [status, Type.Unsafe<string>({ description: descriptions[status], content })]),
  )
}
