import t, { type Test } from 'tap'
import { errorStatus } from '../../src/base/errors.ts'
import type { Problem } from '../../src/model/problem.ts'
import type { AggregationSummary } from '../../src/model/summary.ts'
import { type Row, rows, type Seen } from './fault-rows.ts'
import { asked, heldBehind, heldBy, keptIn, type Stage, serve, setStage, traces } from './stage.ts'

type Tta = Awaited<ReturnType<typeof serve>>

/** One tta runs through every fault that ends without a restart. Other faults have a tta of their own. */
let lasting: { stage: Stage; tta: Tta } | undefined
t.teardown(() => lasting?.tta.close())

/** A stage with the old graph everywhere and the Tempo of the row. */
async function prepare(test: Test, { config, tempo, before, alone }: Row) {
  if (config || before || alone) {
    const stage = await setStage(test, tempo)
    before?.(stage)
    return { stage, tta: await serve(stage.config(config), stage.clock) }
  }
  if (!lasting) {
    const stage = await setStage(t)
    lasting = { stage, tta: await serve(stage.config()) }
  }
  const { stage, tta } = lasting
  stage.provider.forgetLies()
  stage.provider.staleConnections = 0
  Object.assign(stage.tempo.options, { fault: () => undefined, fragments: traces.old })
  test.equal((await tta.post()).status, 200)
  Object.assign(stage.tempo.options, { fragments: traces.new, ...tempo })
  stage.tempo.asked.length = 0
  return lasting
}

/** In each, the old graph is everywhere when the fault starts, and the new graph would be built. */
for (const row of rows) t.test(row.fault, (t) => play(t, row))

async function play(t: Test, row: Row) {
  const { fault, meanwhile, sees, logs, holds } = row
  const { stage, tta } = await prepare(t, row)
  const metrics = await counter(tta)
  const lines = tta.log().length
  const end = await meanwhile?.(stage)
  const { status, body } = await tta.post()

  const told = tta.log().slice(row.before ? 0 : lines)
  if ('code' in sees) {
    const isCounted = await metrics(`tta_job_failures_total{code="${sees.code}"}`)
    await hasFailed(t, sees, { status, problem: body as Problem, isCounted, told }, tta)
  } else isTold(t, sees, status, body as AggregationSummary)
  const isHistory = 'told' in sees && sees.told instanceof RegExp && sees.told.source.includes('history')
  t.equal(await metrics('tta_history_builds_total{outcome="failed"}'), isHistory ? 1 : 0)
  if (isHistory) {
    const { body: readiness } = await tta.get('/health/ready')
    t.match(readiness, { ready: true, checks: [{}, {}, {}, { kind: 'history', ok: false }] })
  }
  t.equal(
    told.some(({ level, msg }) => level >= 40 && logs?.test(msg)),
    logs !== undefined,
  )

  t.equal(await heldBehind(tta.get), holds[0], 'readers')
  t.equal(heldBy(stage.provider), holds[1], 'provider')
  if (typeof end === 'function') end()
  if (tta !== lasting?.tta) await tta.close()
  t.equal(keptIn(stage.path), holds[2], 'after a restart')
  t.comment(`${fault}: ${'code' in sees ? sees.code : sees.status}; ${holds.join(', ')}`)
}

/** @returns the growth of a counter since the call */
async function counter({ get }: Tta) {
  const read = async () => String((await get('/metrics')).body).split('\n')
  const valueIn = (lines: string[], series: string) =>
    Number(lines.find((line) => line.startsWith(`${series} `))?.slice(series.length) ?? 0)
  const before = await read()
  return async (series: string) => valueIn(await read(), series) - valueIn(before, series)
}

/** Checks that a failure is in the response, the log and the metrics, and in the response to a preview. */
async function hasFailed(
  t: Test,
  { code, detail }: Extract<Seen, { code: string }>,
  seen: { status: number; problem: Problem; isCounted: number; told: { level: number; msg: string }[] },
  { get }: Tta,
) {
  const { status, problem, isCounted, told } = seen
  t.equal(status, errorStatus[code])
  t.match(problem, { code, status, detail })
  t.equal(isCounted, 1)
  const lines = told.filter(({ level, msg }) => level >= 40 && msg === 'job ended')
  t.match(lines, [{ state: 'failed', err: { code } }])
  if (!code.startsWith('TTA_TEMPO')) return
  const preview = await get(`/graphs/micro?from=${asked.from}&to=${asked.to}`)
  t.match(preview, { status, body: { code } }, 'a preview is no empty graph either')
}

/** Checks that the summary reports what happened, and nothing else. */
function isTold(
  t: Test,
  { status, told }: Extract<Seen, { status: string }>,
  is: number,
  summary: AggregationSummary,
) {
  t.equal(is, 200)
  t.equal(summary.status, status)
  const { read, sinks, warnings } = summary
  t.equal(read.retries > 0, told === 'retries')
  if (told === 'slices') t.ok(read.slices > 1)
  t.equal(
    sinks.some(({ attempts }) => attempts > 1),
    told === 'attempts',
  )
  if (told instanceof RegExp)
    t.ok(
      warnings.some((warning) => told.test(warning)),
      warnings.join('\n'),
    )
  else t.same(warnings, [])
}
