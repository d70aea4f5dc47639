import t from 'tap'
import type { Problem } from '../../src/model/problem.ts'
import type { AggregationSummary } from '../../src/model/summary.ts'
import { heldBehind, heldBy, serve, setStage, traces } from './stage.ts'

t.test(
  'with two writers of one graph, each response is true and the provider never keeps a mixture',
  async (t) => {
    const stage = await setStage(t)
    const other = await setStage(t, { fragments: traces.old })
    const nodegraph_provider = { url: stage.provider.url }
    const ours = await serve(stage.config({ nodegraph_provider }))
    const theirs = await serve(other.config({ nodegraph_provider }))
    const tally: Record<string, number> = {}
    let stored = 0
    for (let round = 0; round < 12; round++) {
      const answers = await Promise.all([ours.post(), theirs.post()])
      let isKnown = true
      for (const { status, body } of answers) {
        const { sinks } =
          status === 200
            ? (body as AggregationSummary)
            : (body as Problem & { summary: AggregationSummary }).summary
        const state = sinks[0]?.state ?? ''
        t.equal(status, ['stored'].includes(state) ? 200 : 503)
        tally[state] = (tally[state] ?? 0) + 1
        if (status === 200) stored++
        if (state === 'failed') isKnown = false
      }
      if (isKnown) t.match(heldBy(stage.provider), /^(old|new)$/)
    }
    t.comment(tally)
    t.ok(stored > 0)
    t.match(await ours.post(), { status: 200 }, 'one alone has its way')
    t.equal(heldBy(stage.provider), 'new')
    t.equal(await heldBehind(ours.get), 'new')
    t.equal(await heldBehind(theirs.get), 'old', 'each gives its readers its own')
    await Promise.all([ours.close(), theirs.close()])
  },
)

t.test('two instances share one history, and each finds every build', async (t) => {
  const stage = await setStage(t)
  const config = () => stage.config()
  const [first, second] = [await serve(config()), await serve(config())]
  const rounds = 6
  for (let round = 0; round < rounds; round++) {
    const answers = await Promise.all([first.post({ graph: 'other' }), second.post()])
    for (const answer of answers) t.match(answer, { status: 200, body: { warnings: [] } })
  }
  for (const tta of [first, second]) {
    for (const [graph, builds] of [
      ['other', rounds],
      ['micro', rounds + 1],
    ] as const) {
      const { body } = await tta.get(`/graphs/${graph}/history`)
      t.equal((body as { builds: unknown[] }).builds.length, builds)
    }
  }
  await Promise.all([first.close(), second.close()])
  const third = await serve(config())
  for (const graph of ['other', 'micro']) t.match(await third.get(`/graphs/${graph}`), { status: 200 })
  await third.close()
})
