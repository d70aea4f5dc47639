import t from 'tap'
import { graphOf, readWindow } from '../../support/tempo/read-window.ts'
import { fragmentOf } from '../../support/tempo/stored-trace.ts'
import { startTempo } from '../../support/tempo/tempo-stand-in.ts'

t.test('yields to the event loop while it decodes large answers, with the same graph', async (t) => {
  const epochMs = 1_700_000_000_000
  const traces = Array.from({ length: 4000 }, (_, i) =>
    fragmentOf(i + 1, epochMs, [
      { id: 1, name: `GET /${i % 10}`, service: 'front', atMs: i * 2, ms: 20 },
      { id: 2, parent: 1, name: 'query', service: 'back', atMs: i * 2 + 5, ms: 10 },
    ]),
  )
  const tempo = await startTempo({ fragments: traces, metrics: false })
  t.teardown(() => tempo.close())
  let passes = 0
  let isOver = false
  const pass = () => {
    passes++
    if (!isOver) setImmediate(pass)
  }
  const seen: number[] = []
  const read = readWindow({
    url: tempo.url,
    window: { fromMs: epochMs, toMs: epochMs + 60_000 },
    onAdd: () => {
      if (seen.at(-1) !== passes) seen.push(passes)
    },
  })
  pass()
  const { report, graph } = await read
  isOver = true
  t.equal(report.spans, 8000)
  t.same(graph, graphOf(traces))
  t.ok(seen.length > report.slices, `${seen.length} passes of the event loop for ${report.slices} slices`)
})
