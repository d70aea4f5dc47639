import { once } from 'node:events'
import t from 'tap'
import type { Job } from '../../src/model/job.ts'
import type { AggregationSummary } from '../../src/model/summary.ts'
import { start } from './process.ts'
import { heldBehind, heldBy, keptIn, setStage, traces } from './stage.ts'

t.test(
  'on SIGTERM under load, running builds are stored, waiting ones get 503, and no graph is incomplete',
  async (t) => {
    const stage = await setStage(t)
    // The first search is slow, and the others wait meanwhile.
    stage.tempo.options.fault = ({ kind, n }) => (kind === 'search' && n === 1 ? 'hang' : undefined)
    const tta = await start(t, stage.config({ tempo: { timeout: 4 }, build: { max_concurrent: 1 } }))
    const asked = async (state: string) =>
      ((await tta.get(`/jobs?state=${state}`)).body as { jobs: Job[] }).jobs.map(({ graph }) => graph)
    const running = tta.post()
    while ((await asked('running')).length < 1) await tta.get('/health/live')
    const waiting = ['a', 'b', 'c', 'd'].map((graph) => tta.post({ graph }))
    while ((await asked('queued')).length < 4) await tta.get('/health/live')
    t.same(await asked('running'), ['micro'])

    let isOver = false
    const told: string[] = []
    const reader = async () => {
      while (!isOver) {
        const answer = await tta.get('/graphs/micro').catch((error) => error.cause?.code as string)
        told.push(
          typeof answer === 'string' ? 'gone' : `${answer.status} ${(answer.body as { code?: string }).code}`,
        )
        if (told.at(-1) === 'gone') return
      }
    }
    const readers = [reader(), reader()]
    tta.kill('SIGTERM')
    t.match(await running, {
      status: 200,
      body: { status: 'complete', sinks: [{ state: 'stored' }, { state: 'stored' }] },
    })
    for (const answer of await Promise.all(waiting))
      t.match(answer, { status: 503, body: { code: 'TTA_CLOSING' } })
    t.same(await tta.ended, [0, null])
    isOver = true
    await Promise.all(readers)
    t.same(
      [...new Set(told)].filter((answer) => !/^(200 undefined|503 TTA_CLOSING|gone)$/.test(answer)),
      [],
    )
    t.equal(heldBy(stage.provider), 'new')
    t.equal(keptIn(stage.path), 'new')
    t.same(
      stage.provider.requests.filter((line) => line.startsWith('POST')),
      ['POST /api/graphs/micro'],
    )
  },
)

t.test(
  'with a full disk, builds continue in memory, and the next tta has the last build that was stored',
  async (t) => {
    const stage = await setStage(t)
    // The limit of a file is 96 KiB, in blocks of 512 bytes.
    const tta = await start(t, stage.config(), 'ulimit -f 192')
    const count = { kept: 0, lost: 0 }
    let kept = 'old'
    for (let build = 0; build < 100 && count.lost < 3; build++) {
      const which = build % 2 === 0 ? 'new' : 'old'
      stage.tempo.options.fragments = traces[which]
      const { status, body } = await tta.post()
      const { warnings } = body as AggregationSummary
      t.equal(status, 200)
      t.equal(await heldBehind(tta.get), which)
      if (warnings.length === 0) kept = which
      else
        t.match(warnings, [
          /^The history is not available: .*\(SQLITE_(FULL|IOERR\w*)\); this graph will be lost/,
        ])
      count[warnings.length === 0 ? 'kept' : 'lost']++
    }
    t.equal(count.lost, 3)
    t.comment(count)
    t.match(await tta.get('/health/ready'), {
      status: 200,
      body: { checks: [{}, {}, {}, { name: 'history', ok: false }] },
    })
    tta.kill('SIGKILL')
    await once(tta.child, 'close')
    t.equal(keptIn(stage.path), kept)
    const next = await start(t, stage.config())
    t.equal(await heldBehind(next.get), kept)
    t.match(await next.post(), { status: 200, body: { warnings: [] } }, 'as soon as there is room')
  },
)
