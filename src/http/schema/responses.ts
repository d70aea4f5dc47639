import { type Static, type TSchema, Type } from 'typebox'
import { Problem } from '../../model/problem.ts'
import { plain, ref } from './components.ts'

/** Documents an answer whose schema the serializer also uses. */
export function answer<T extends TSchema>(description: string, schema: T) {
  return Type.Unsafe<Static<T>>({ description, content: { 'application/json': { schema: plain(schema) } } })
}

/**
 * Documents an answer that is sent as bytes made before, with an entity tag; 304 is the answer to who has it.
 *
 * @param more content of other media types
 */
export function taggedAnswer(description: string, schema: TSchema, more: object = {}) {
  const headers = { ETag: { type: 'string', description: 'Strong; for If-None-Match' } }
  const { content } = answer(description, schema) as unknown as { content: object }
  return {
    200: Type.Unsafe<Buffer>({ description, content: { ...content, ...more }, headers }),
    304: Type.Null({ description: 'If-None-Match names what there is' }),
  }
}

/** Answers of these media types that are no JSON. */
export function textContent(mediaTypes: string[]): object {
  return Object.fromEntries(mediaTypes.map((mediaType) => [mediaType, { schema: { type: 'string' } }]))
}

const descriptions: Record<number, string> = {
  400: 'The request is wrong: `errors` names each field',
  401: 'A token is configured, and the request has none that is known',
  403: 'The token does not have the scope that is wanted',
  404: 'There is nothing of that name',
  406: 'Accept lets no form of it through: `available` names those there are',
  409: 'It has ended',
  413: 'The body is too large',
  415: 'The body is not application/json, or it is compressed',
  422: 'The configuration is wrong: `errors` names each key',
  429: 'Too many requests, or too many builds wait: `Retry-After` says when to come again',
  431: 'Address and headers together are too long',
  502: 'The source of traces could not be read: all graphs are as they were',
  503: 'A graph could not be handed on, kept builds cannot be read, or the service is about to end',
  504: 'The deadline passed: all graphs are as they were',
}

/** Documents the errors of a route. They are sent as text, so no serializer may cut their further members. */
export function problems(...statuses: number[]): Record<number, TSchema> {
  const content = { 'application/problem+json': { schema: ref(Problem) } }
  return Object.fromEntries(
    statuses.map((status) => [status, Type.Unsafe<string>({ description: descriptions[status], content })]),
  )
}
