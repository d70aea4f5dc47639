import t, { type Test } from 'tap'
import { errorStatus } from '../../src/errors.ts'
import type { Problem } from '../../src/model/problem.ts'
import type { AggregationSummary } from '../../src/model/summary.ts'
import { type Row, rows, type Seen } from './fault-rows.ts'
import { asked, heldBehind, heldBy, keptIn, nowMs, serve, setStage } from './stage.ts'

/** Each has had the old graph everywhere when the fault came, and would build the new one. */
for (const row of rows) t.test(row.fault, (t) => play(t, row))

async function play(
  t: Test,
  { fault, config, tempo, before, meanwhile, now = nowMs, sees, logs, holds }: Row,
) {
  const stage = await setStage(t, tempo)
  before?.(stage)
  const tta = await serve(stage.config(config), () => now)
  const end = await meanwhile?.(stage)
  const { status, body } = await tta.post()

  if ('code' in sees) await failed(t, sees, { status, problem: body as Problem }, tta)
  else told(t, sees, status, body as AggregationSummary)
  const metrics = String((await tta.get('/metrics')).body)
  const isHistory = 'told' in sees && sees.told instanceof RegExp && sees.told.source.includes('history')
  t.equal(metrics.includes('tta_history_builds_total{outcome="failed"} 1'), isHistory)
  if (isHistory) {
    const { body: readiness } = await tta.get('/health/ready')
    t.match(readiness, { ready: true, checks: [{}, {}, {}, { kind: 'history', ok: false }] })
  }

  const warned = tta.log().filter(({ level, msg }) => level >= 40 && logs?.test(msg))
  t.equal(warned.length > 0, logs !== undefined)

  t.equal(await heldBehind(tta.get), holds[0], 'readers')
  t.equal(heldBy(stage.provider), holds[1], 'provider')
  if (typeof end === 'function') end()
  await tta.close()
  t.equal(keptIn(stage.path), holds[2], 'after a restart')
  t.comment(`${fault}: ${'code' in sees ? sees.code : sees.status}; ${holds.join(', ')}`)
}

/** A failure is in the answer, in the log and in the metrics, and a reader who asks for a window gets it too. */
async function failed(
  t: Test,
  { code, detail }: Extract<Seen, { code: string }>,
  { status, problem }: { status: number; problem: Problem },
  { get, log }: Awaited<ReturnType<typeof serve>>,
) {
  t.equal(status, errorStatus[code])
  t.match(problem, { code, status, detail })
  t.match(String((await get('/metrics')).body), `tta_job_failures_total{code="${code}"} 1`)
  const lines = log().filter(({ level, msg }) => level >= 40 && msg === 'job ended')
  t.match(lines, [{ state: 'failed', err: { code } }])
  if (!code.startsWith('TTA_TEMPO')) return
  const preview = await get(`/graphs/micro?from=${asked.from}&to=${asked.to}`)
  t.match(preview, { status, body: { code } }, 'a preview is no empty graph either')
}

/** What did not fail is told in the summary, and nothing else is. */
function told(
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
