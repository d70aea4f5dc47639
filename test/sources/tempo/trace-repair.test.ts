import t from 'tap'
import { readWindow } from '../../support/tempo/read-window.ts'
import { fragmentOf } from '../../support/tempo/stored-trace.ts'
import { type AskedKind, type StandInOptions, startTempo } from '../../support/tempo/tempo-stand-in.ts'

const epochMs = 1_700_000_000_000
const window = { fromMs: epochMs, toMs: epochMs + 60_000 }
const red = { attributes: { color: 'red' } }
/** Only its first span matches the filter, so the trace has to be looked up. */
const rich = fragmentOf(1, epochMs, [
  { id: 1, service: 'front', atMs: 1000, ms: 20, ...red },
  { id: 2, parent: 1, service: 'back', atMs: 1005, ms: 10 },
  { id: 3, parent: 2, service: 'store', atMs: 1006, ms: 5 },
])
const poor = rich.slice(0, 1)
const selectRed = { tag: 'span.color', filter: 'red' }
/** A single service with equal durations: no search can spread its spans, so trace by id is needed. */
const crowded = fragmentOf(2, epochMs, [
  { id: 1, atMs: 2000, ms: 500 },
  ...Array.from({ length: 149 }, (_, i) => ({ id: i + 2, parent: 1, atMs: 2001 + i, ms: 3 })),
])

/** Starts a Tempo that answers requests of some kinds out of other fragments. */
async function startWith(
  t: { teardown(end: () => unknown): unknown },
  fragments: StandInOptions['fragments'],
  others: Partial<Record<AskedKind, StandInOptions['fragments']>>,
  options: Partial<StandInOptions> = {},
) {
  const tempo = await startTempo({
    fragments,
    metrics: false,
    fault: ({ kind }, answer) => {
      const other = others[kind]
      if (other === undefined) return undefined
      tempo.options.fragments = other
      const given = answer()
      tempo.options.fragments = fragments
      return given
    },
    ...options,
  })
  t.teardown(() => tempo.close())
  return tempo
}

t.test('a search by id that finds fewer spans does not replace what is known', async (t) => {
  const tempo = await startWith(t, [rich], { ids: [poor], lookup: [poor] })
  const { report } = await readWindow({ url: tempo.url, window, ...selectRed })
  t.same([tempo.count('ids'), tempo.count('lookup')], [1, 1])
  t.match(report, { traces: 1, spans: 3, repaired: 0 })
})

t.test('a trace by id with fewer spans does not replace what is known', async (t) => {
  const tempo = await startWith(t, [crowded], { lookup: [crowded.slice(0, 20)] })
  const { report } = await readWindow({ url: tempo.url, window })
  t.equal(tempo.count('lookup'), 1)
  t.match(report, { traces: 1, spans: 101 })
})

t.test('a partial trace by id with fewer spans does not replace what is known', async (t) => {
  const tempo = await startWith(t, [crowded.slice(0, 1), crowded.slice(1)], {}, { partial: true })
  const { report } = await readWindow({ url: tempo.url, window })
  t.equal(tempo.count('lookup'), 1)
  t.match(report, { traces: 1, spans: 101, repaired: 0, incomplete: 1 })
})
