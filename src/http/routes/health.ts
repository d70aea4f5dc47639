import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'
import { TtaError } from '../../base/errors.ts'
import { NoQuery } from '../request/query-parameters.ts'
import { answer, problems } from '../schema/responses.ts'

/** Something tta cannot do its work without. */
export interface Dependency {
  readonly name: string
  check(signal: AbortSignal): Promise<void>
}

export interface HealthOptions {
  source: Dependency
  sinks: readonly Dependency[]
  /** What tta does its work without, if need be: reported, but no reason not to be ready. */
  history?: Pick<Dependency, 'check'> | undefined
  /** How long a check may take, ms. */
  checkTimeoutMs: number
  /** How long the result of a check counts, ms: a check can hurt who is checked. The history's hurts nobody. */
  checkEveryMs: number
  /** What a person should look at although everything can be reached. */
  warnings: () => string[]
}

const Check = Type.Object(
  {
    kind: Type.Union([Type.Literal('source'), Type.Literal('sink'), Type.Literal('history')], {
      description: 'A history that is not ok leaves tta ready: graphs are in memory, and lost by a restart',
    }),
    name: Type.String(),
    ok: Type.Boolean(),
    reason: Type.Optional(Type.String({ description: 'Why not' })),
  },
  { additionalProperties: false },
)
type Check = Static<typeof Check>

const Readiness = Type.Object(
  {
    ready: Type.Boolean(),
    checks: Type.Array(Check),
    warnings: Type.Array(Type.String(), { description: 'What a person should look at, in plain words' }),
  },
  { additionalProperties: false },
)

/** /health/live: the process answers. /health/ready: so does everything it needs. */
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
        summary: 'Whether the process answers',
        tags,
        querystring: NoQuery,
        response: {
          200: answer('It does', Type.Object({ live: Type.Boolean() })),
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
        summary: 'Whether the source of traces and every sink can be reached',
        tags,
        querystring: NoQuery,
        response: {
          200: answer('All can', Readiness),
          ...problems(400),
          503: answer('At least one cannot', Readiness),
        },
      },
    },
    async (_request, reply) => {
      const results = await checkAll()
      const ready = results.every(({ kind, ok }) => ok || kind === 'history')
      return reply
        .code(ready ? 200 : 503)
        .header('cache-control', 'no-store')
        .send({ ready, checks: results, warnings: warnings() })
    },
  )
}

/** Who asks sooner gets the result of before, also of a check that is under way. */
function atMostEvery<T>(everyMs: number, ask: () => Promise<T>): () => Promise<T> {
  let last: { at: number; result: Promise<T> } | undefined
  return () => {
    const at = performance.now()
    if (last === undefined || at - last.at >= everyMs) last = { at, result: ask() }
    return last.result
  }
}

/** The deadline holds for a dependency too that does not listen to its signal. */
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
    return { kind, name, ok: false, reason: error instanceof TtaError ? error.message : 'Internal error' }
  } finally {
    clearTimeout(timer)
  }
}
