/**
 * The whole job against a null client: one that sends the very requests tta has sent, as many in flight, and throws the
 * answers away. In turn, so that what slows the machine slows both.
 *
 *     node bench/tempo/read.mjs                                                        Tempo is replayed
 *     node bench/tempo/read.mjs --tempo http://127.0.0.1:3200 --from now-1h --to now-5m   a real one
 */
import { parseArgs } from 'node:util'
import { measured, quotients, ratio, report } from '../figures.mjs'
import { askForNothing } from '../load/null-client.mjs'
import { aggregate, serveTta, startReplay } from '../processes.mjs'

const { values: options } = parseArgs({
  options: {
    tempo: { type: 'string' },
    from: { type: 'string', default: 'now-1h' },
    to: { type: 'string', default: 'now' },
    rounds: { type: 'string', default: '5' },
    level: { type: 'string', default: 'operation' },
    json: { type: 'boolean' },
  },
})
const concurrency = 4

/** @returns the times of both, and what tta did, in as many rounds */
async function compare(tempo, parameters, rounds) {
  const env = { TTA_TEMPO_URL: tempo, TTA_TEMPO_CONCURRENCY: String(concurrency) }
  const stdio = ['pipe', 'pipe', 'pipe', 'ipc']
  const tta = await serveTta(env, { imports: ['load/tell-requests.mjs'], stdio })
  let sent = []
  let received = 0
  tta.child.on('message', (told) => {
    if (told.sent && new URL(tempo).host === told.sent.host) sent.push(told.sent)
    received += told.received ?? 0
  })
  const done = []
  // The first round is for the compilers.
  for (let round = 0; round <= rounds; round++) {
    sent = []
    received = 0
    const before = performance.now()
    const summary = await aggregate(tta.url, parameters)
    const ms = performance.now() - before
    const none = await askForNothing(tempo, sent, concurrency)
    if (round > 0) done.push({ ms, summary, requests: sent.length, received, none })
  }
  await tta.stop()
  return done
}

function figures(name, done, target) {
  const each = (unit, what, of) => measured(`${name}: ${what}`, unit, done.map(of))
  const own = each('ms', 'tta', ({ ms }) => ms)
  const none = each('ms', 'null client', (round) => round.none.ms)
  const quotient = quotients(
    done.map(({ ms }) => ms),
    done.map((round) => round.none.ms),
  )
  return [
    ratio(`${name}: tta against a null client`, quotient, target),
    own,
    none,
    each('requests', 'requests of tta', ({ requests }) => requests),
    each('requests', 'requests of the null client', (round) => round.none.requests),
    each('MB', 'received by tta', ({ received }) => received / 1e6),
    each('MB', 'received by the null client', (round) => round.none.bytes / 1e6),
  ]
}

function titleOf([{ summary }]) {
  const { traces, spans, bytes } = summary.read
  const counts = `${traces.toLocaleString('en-US')} traces, ${spans.toLocaleString('en-US')} spans`
  return `Whole job: ${counts}, ${(bytes / 1e6).toFixed(0)} MB of protobuf, ${summary.built.nodes} nodes`
}

const target = { atMost: 1.15 }
const rounds = Number(options.rounds)
if (options.tempo) {
  const { from, to, level } = options
  const done = await compare(options.tempo, { graph: 'bench', from, to, level, limit: 10_000_000 }, rounds)
  report(titleOf(done), figures('real Tempo', done, target))
} else {
  // As many as the load of `How fast`, at the speed of a real Tempo on two cores, and as fast as a replay can be.
  const fromSec = 1_795_000_000
  const toSec = fromSec + 120
  const replay = { fromSec, toSec, tracesPerSec: 208, spansPerTrace: 10 }
  const parameters = { graph: 'bench', from: fromSec * 1000, to: toSec * 1000, limit: 1_000_000 }
  const paced = await startReplay({ ...replay, spansPerSec: 58_000 })
  const pacedDone = await compare(paced.url.href, parameters, 3)
  await paced.stop()
  const fast = await startReplay(replay)
  const fastDone = await compare(fast.url.href, parameters, rounds)
  await fast.stop()
  // Of the same requests; without a target, since no Tempo answers like that.
  const [ratioOfFast, ...timesOfFast] = figures('as fast as it goes', fastDone).slice(0, 3)
  report(titleOf(pacedDone), [...figures('58,000 spans/s', pacedDone, target), ratioOfFast, ...timesOfFast])
}
