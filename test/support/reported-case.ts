import { readFileSync } from 'node:fs'
import type { Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { defaultConfig } from '../../src/config/file/load.ts'
import type { GraphDocument } from '../../src/model/graph-document.ts'
import { createLogger } from '../../src/operations/logger.ts'
import { jsonToProtobuf } from '../../src/sources/otlp/json-to-protobuf.ts'

/** Time of the first span of every reported case, Unix ms. */
const caseStartMs = 1_700_000_000_000

/** The OTLP request of a reported case, in JSON. */
const caseText = (name: string) =>
  readFileSync(new URL(`../cases/reported/${name}.json`, import.meta.url), 'utf8')

/** The encodings in which a case is sent. */
export const encodings = ['JSON', 'protobuf'] as const

/** A tta that has received the spans of a reported case, and whose clock is a minute later. */
export async function startWithCase(t: Test, name: string, encoding: (typeof encodings)[number] = 'JSON') {
  const options = { logger: createLogger('silent'), now: () => caseStartMs + 60_000 }
  const { app, close } = await buildApp(defaultConfig(), options)
  t.teardown(close)
  const type = encoding === 'JSON' ? 'application/json' : 'application/x-protobuf'
  const text = caseText(name)
  const payload = encoding === 'JSON' ? text : Buffer.from(jsonToProtobuf(JSON.parse(text)))
  const headers = { 'content-type': type }
  const answer = await app.inject({ method: 'POST', url: '/v1/traces', headers, payload })
  t.equal(answer.statusCode, 200)
  const graphAt = async (query: Record<string, string | string[]>) => {
    const reply = await app.inject({ url: '/graphs/any', query: { useTagAsNode: 'false', ...query } })
    if (reply.statusCode !== 200) throw new Error(reply.body)
    return reply.json() as GraphDocument
  }
  return { app, graphAt }
}

/** Each edge as `caller > callee calls/failed`, sorted; an operation is `service: span name`. */
export function callsOf({ nodes, edges }: GraphDocument): string[] {
  const names = new Map(
    nodes.map(({ id, title, subTitle, detail__role: role }) => [
      id,
      role === 'operation' ? `${title}: ${subTitle}` : title,
    ]),
  )
  return edges
    .map(
      ({ source, target, count, failed }) => `${names.get(source)} > ${names.get(target)} ${count}/${failed}`,
    )
    .sort()
}
