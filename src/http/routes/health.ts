import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'
import { TtaError } from '../../base/errors.ts'
import { NoQuery } from '../request/query-parameters.ts'
import { answer, problems } from '../schema/responses.ts'

/** A system that tta depends on. */
export interface Dependency {
  readonly name: string
  /** @throws if the system cannot be reached */
  check(signal: AbortSignal): Promise<void>
}

export interface HealthOptions {
  source: Dependency
  sinks: readonly Dependency[]
  /** An optional dependency: its failure is reported, but tta stays ready. */
  history?: Pick<Dependency, 'check'> | undefined
  /** Longest duration of a check, ms. */
  checkTimeoutMs: number
  /** How long the result of a check is reused, ms, to protect the checked system. The history is always checked. */
  checkEveryMs: number
  /** Returns warnings for a person, even if every dependency can be reached. */
  warnings: () => string[]
}

const Check = Type.Object(
  {
    kind: Type.Union([Type.Literal('source'), Type.Literal('sink'), Type.Literal('history')], {
      description: 'A failing history does not affect readiness. Graphs are then lost at the next restart',
    }),
    name: Type.String({ description: 'Name of the dependency' }),
    ok: Type.Boolean({ description: 'Whether the dependency can be reached' }),
    code: Type.Optional(Type.String({ description: 'Error code of the failure' })),
    reason: Type.Optional(
      Type.String({
        description:
          'Reason for the failure. It may repeat a text of the dependency, so a caller without a token gets none if tokens are configured',
      }),
    ),
  },
  { additionalProperties: false },
)
type Check = Static<typeof Check>

const Readiness = Type.Object(
  {
    ready: Type.Boolean({ description: 'Whether the trace source and all sinks can be reached' }),
    checks: Type.Array(Check),
    warnings: Type.Array(Type.String(), { description: 'Warnings for a person, as sentences' }),
  },
  { additionalProperties: false },
)

/** /health/live: whether the process responds. /health/ready: whether its dependencies respond, too. */
export const healthRoutes: FastifyPluginAsyncTypebox<HealthOptions> = async (app, options) => {
  const { source, sinks, history, checkTimeoutMs, checkEveryMs, warnings } = options
  const checked = (kind: Check['kind'], dependency: Dependency) =>
    atMostEvery(checkEveryMs, () => check(kind, dependency, checkTimeoutMs))
  const checks = [
    checked('source', source),
    ...sinks.map((sink) => checked('sink', sink)),
    ...(history
      ? [
          () =>
            check('history', { name: 'history', check: (signal) => history.check(signal) }, checkTimeoutMs),
        ]
      : []),
  ]
  const checkAll = () => Promise.all(checks.map((result) => result()))
  const tags = ['operations']

  app.get(
    '/health/live',
    {
      config: { scope: 'none' },
      schema: {
        operationId: 'getLiveness',
        summary: 'Liveness: whether the process responds',
        tags,
        querystring: NoQuery,
        response: {
          200: answer('The process responds', Type.Object({ live: Type.Boolean() })),
          ...problems(400),
        },
      },
    },
    async () => ({ live: true }),
  )

  app.get(
    '/health/ready',
    {
      config: { scope: 'none' },
      schema: {
        operationId: 'getReadiness',
        summary: 'Readiness: whether the trace source and every sink can be reached',
        tags,
        querystring: NoQuery,
        response: {
          200: answer('All of them can be reached', Readiness),
          ...problems(400),
          503: answer('At least one cannot be reached', Readiness),
        },
      },
    },
    async (request, reply) => {
      const results = await checkAll()
      const ready = results.every(({ kind, ok }) => ok || kind === 'history')
      return reply
        .code(ready ? 200 : 503)
        .header('cache-control', 'no-store')
        .send({
          ready,
          checks: request.hasScope('read') ? results : results.map(({ reason: _, ...state }) => state),
          warnings: warnings(),
        })
    },
  )
}

/** Returns a function that calls `ask` at most once per interval and shares the result, even while `ask` is running. */
function atMostEvery<T>(everyMs: number, ask: () => Promise<T>): () => Promise<T> {
  let last: { at: number; result: Promise<T> } | undefined
  return () => {
    const at = performance.now()
    if (last === undefined || at - last.at >= everyMs) last = { at, result: ask() }
    return last.result
  }
}

/** Checks a dependency. The deadline also applies if the dependency ignores its signal. */
async function check(kind: Check['kind'], dependency: Dependency, timeoutMs: number): Promise<Check> {
  const { name } = dependency
  const late = new TtaError('TTA_DEADLINE', `no answer within ${timeoutMs} ms`)
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(late)
      controller.abort(late)
    }, timeoutMs)
  })
  try {
    await Promise.race([dependency.check(controller.signal), deadline])
    return { kind, name, ok: true }
  } catch (error) {
    if (error instanceof TtaError) return { kind, name, ok: false, code: error.code, reason: error.message }
    return { kind, name, ok: false, code: 'TTA_INTERNAL', reason: 'Internal error' }
  } finally {
    clearTimeout(timer)
  }
}
