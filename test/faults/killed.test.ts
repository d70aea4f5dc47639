import Database from 'libsql'
import t from 'tap'
import { start, type Tta } from './process.ts'
import { type Holding, heldBehind, heldBy, keptIn, type Stage, setStage, traces } from './stage.ts'

interface Phase {
  /** The phase of a build in which tta is killed. */
  phase: string
  /** Starts the build and kills tta. @returns the status that the client received */
  strike: (stage: Stage, tta: Tta, kill: () => void) => Promise<{ status: number; body: unknown }>
  /** 0: the connection broke. */
  sees: number
  /** The graph of the provider, and that of the next tta. */
  holds: [provider: Holding, restarted: Holding]
  /** The message of the next tta about the provider, and the graph of the provider then. */
  says?: [RegExp, Holding]
}

const anotherGraph = /holds a graph that differs from the last one here/

const phases: Phase[] = [
  {
    phase: 'before it reads: the build waits for its turn',
    strike: async ({ tempo }, tta, kill) => {
      tempo.options.fault = ({ kind }) => (kind === 'search' ? 'hang' : undefined)
      const async = { prefer: 'respond-async' }
      for (const graph of ['other', 'other-2']) await tta.post({ graph }, async)
      const answer = await tta.post({}, async)
      kill()
      return answer
    },
    sees: 202,
    holds: ['old', 'old'],
  },
  {
    phase: 'while Tempo is read',
    strike: ({ tempo }, tta, kill) => {
      tempo.options.fault = ({ kind }) => {
        if (kind !== 'search') return undefined
        kill()
        return 'hang'
      }
      return tta.post()
    },
    sees: 0,
    holds: ['old', 'old'],
  },
  {
    phase: 'while the provider has deleted and not yet created',
    strike: ({ provider }, tta, kill) => {
      provider.lieOnWrite('hangs after the delete')
      provider.onceOnWrite(kill)
      return tta.post()
    },
    sees: 0,
    holds: ['none', 'old'],
    says: [/had lost the graph, which is now restored/, 'old'],
  },
  {
    phase: 'while the provider has stored nothing in spite of its 201',
    strike: ({ provider }, tta, kill) => {
      provider.lieOnWrite('nothing stored')
      provider.onceOnWrite(() => provider.onceOnRead(kill))
      return tta.post()
    },
    sees: 0,
    holds: ['cleared', 'old'],
    says: [/had lost the graph, which is now restored/, 'old'],
  },
  {
    phase: 'while the provider stores, which continues',
    strike: ({ provider }, tta, kill) => {
      provider.onceOnWrite(kill)
      return tta.post()
    },
    sees: 0,
    holds: ['new', 'old'],
    says: [anotherGraph, 'new'],
  },
  {
    phase: 'while the provider is read back',
    strike: ({ provider }, tta, kill) => {
      provider.onceOnWrite(() => provider.onceOnRead(kill))
      return tta.post()
    },
    sees: 0,
    holds: ['new', 'old'],
    says: [anotherGraph, 'new'],
  },
  {
    phase: 'while the history records',
    strike: async ({ path }, tta, kill) => {
      const other = new Database(path)
      other.exec('BEGIN IMMEDIATE')
      const answer = tta.post()
      answer.catch(() => {})
      // Readers already get the graph, and the file is locked.
      while ((await heldBehind(tta.get)) !== 'new') await tta.get('/health/live')
      kill()
      await tta.ended
      other.exec('ROLLBACK')
      other.close()
      return answer
    },
    sees: 0,
    holds: ['new', 'old'],
    says: [anotherGraph, 'new'],
  },
  {
    phase: 'when it has answered',
    strike: async (_stage, tta, kill) => {
      const answer = await tta.post()
      kill()
      return answer
    },
    sees: 200,
    holds: ['new', 'new'],
  },
]

/** Each tta continues where the killed one ended, and is killed next. */
t.test('kill -9', async (t) => {
  const stage = await setStage(t)
  const config = stage.config({ nodegraph_provider: { timeout: 60 } })
  let tta = await start(t, config)
  const build = async (which: 'old' | 'new') => {
    stage.provider.forgetLies()
    Object.assign(stage.tempo.options, { fault: () => undefined, fragments: traces[which] })
    t.match(await tta.post(), { status: 200, body: { status: 'complete', warnings: [] } })
    t.same([await heldBehind(tta.get), heldBy(stage.provider), keptIn(stage.path)], [which, which, which])
  }

  for (const { phase, strike, sees, holds, says } of phases) {
    await t.test(phase, async (t) => {
      await build('old')
      stage.tempo.options.fragments = traces.new
      const broken = { status: 0, body: {} }
      const { status, body } = await strike(stage, tta, () => tta.kill('SIGKILL')).catch(() => broken)
      t.same(await tta.ended, [null, 'SIGKILL'])
      t.equal(status, sees)
      t.equal(heldBy(stage.provider), holds[0], 'provider')

      tta = await restart()
      t.equal(await heldBehind(tta.get), holds[1], 'readers of the next tta')
      if (says) {
        t.match(await tta.says(says[0]), { level: 40, graph: 'micro' })
        t.equal(heldBy(stage.provider), says[1], 'provider, after the start')
      }
      if (status === 202) {
        const { id } = body as { id: string }
        t.match(await tta.get(`/jobs/${id}`), { status: 404, body: { code: 'TTA_NOT_FOUND' } })
      }
      await build('new')
      t.comment(`kill -9 ${phase}: ${status}; ${holds.join(', ')}; then new, new`)
    })
  }
  tta.kill('SIGTERM')
  t.same(await tta.ended, [0, null])

  function restart() {
    stage.tempo.options.fault = () => undefined
    return start(t, config)
  }
})
