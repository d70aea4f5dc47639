import { rmSync, truncateSync, writeFileSync } from 'node:fs'
import Database from 'libsql'
import type { ErrorCode } from '../../src/base/errors.ts'
import { fragmentOf } from '../support/tempo/stored-trace.ts'
import { always, damaged, html, onSearch, tooLarge, withJobs } from '../support/tempo/tempo-faults.ts'
import { type StandInOptions, text } from '../support/tempo/tempo-stand-in.ts'
import { epochMs, type Holding, type Stage, traces } from './stage.ts'

/** The response to the request for a build. */
export type Seen =
  | { code: ErrorCode; detail: RegExp }
  /** 200, and how the summary reports the fault. */
  | { status: 'complete' | 'partial' | 'empty'; told: 'retries' | 'slices' | 'attempts' | RegExp | 'nothing' }

export interface Row {
  fault: string
  config?: Record<string, object>
  tempo?: Partial<StandInOptions>
  /** Whether the fault needs its own tta, for example for another configuration. */
  alone?: true
  /** Runs before or after the start of tta. @returns ends the fault */
  before?: (stage: Stage) => void
  meanwhile?: (stage: Stage) => unknown
  sees: Seen
  /** The warning in the log, if the response has none. */
  logs?: RegExp
  /** The graphs afterwards: of readers, of the provider and of the next tta. */
  holds: [readers: Holding, provider: Holding, restarted: Holding]
}

const unavailable = (detail: RegExp): Seen => ({ code: 'TTA_TEMPO_UNAVAILABLE', detail })
const badAnswer = (detail: RegExp): Seen => ({ code: 'TTA_TEMPO_BAD_ANSWER', detail })
const sinkFailed = (detail: RegExp): Seen => ({ code: 'TTA_SINK_FAILED', detail })
const complete = (told: 'retries' | 'slices' | 'attempts' | RegExp | 'nothing'): Seen => ({
  status: 'complete',
  told,
})
const allOld: Row['holds'] = ['old', 'old', 'old']
const allNew: Row['holds'] = ['new', 'new', 'new']

const impatient = { tempo: { timeout: 0.3 } }
/** More spans than a search returns. */
const many = fragmentOf(99, epochMs, [
  { id: 1, service: 'back', atMs: 100, ms: 50 },
  ...Array.from({ length: 149 }, (_, index) => ({
    id: index + 2,
    parent: 1,
    service: 'back',
    atMs: 110,
    ms: 1,
  })),
])
const nothingRead = onSearch((_asked, answer) => withJobs({ ...answer(), body: '' }, 0))

const ofTempo: Row[] = [
  { fault: 'none', sees: complete('nothing'), holds: allNew },
  {
    fault: 'Tempo refuses connections',
    alone: true,
    meanwhile: ({ tempo }) => tempo.close(),
    sees: unavailable(/cannot be reached at tempo\.url \(ECONNREFUSED\)/),
    holds: allOld,
  },
  {
    fault: 'Tempo hangs',
    config: impatient,
    tempo: always('hang'),
    sees: unavailable(/did not answer \/api\/\S+ in time/),
    holds: allOld,
  },
  {
    fault: 'Tempo hangs, and is given more time than the build',
    config: { build: { deadline_sec: 0.5 } },
    tempo: always('hang'),
    sees: { code: 'TTA_DEADLINE', detail: /longer than build\.deadline_sec \(0\.5 s\)/ },
    holds: allOld,
  },
  {
    fault: 'Tempo drips a byte at a time',
    config: impatient,
    tempo: onSearch((_asked, answer) => ({ ...answer(), dripMs: 20 })),
    sees: unavailable(/did not answer \/api\/\S+ in time/),
    holds: allOld,
  },
  {
    fault: 'Tempo resets in mid-body, always',
    tempo: onSearch((_asked, answer) => ({ ...answer(), resetAfter: 20 })),
    sees: unavailable(/cannot be reached/),
    holds: allOld,
  },
  {
    fault: 'Tempo resets in mid-body, once',
    tempo: onSearch(({ n }, answer) => (n === 1 ? { ...answer(), resetAfter: 20 } : undefined)),
    sees: complete('retries'),
    holds: allNew,
  },
  {
    fault: 'Tempo answers 429, three times',
    tempo: onSearch(({ n }) => (n <= 3 ? text(429, 'job queue full') : undefined)),
    sees: complete('retries'),
    holds: allNew,
  },
  {
    fault: 'Tempo answers 429, a storm',
    tempo: always(text(429, 'job queue full')),
    sees: unavailable(/429: job queue full/),
    holds: allOld,
  },
  {
    fault: 'Tempo answers 500 larger than max, until slices are short',
    tempo: onSearch(({ params }) =>
      Number(params.get('end')) - Number(params.get('start')) > 4 ? tooLarge : undefined,
    ),
    sees: complete('slices'),
    holds: allNew,
  },
  {
    fault: 'Tempo answers 500 larger than max, forever',
    tempo: always(tooLarge),
    sees: unavailable(/500: response larger than the max/),
    holds: allOld,
  },
  {
    fault: 'Tempo lies in counts: fewer jobs done than there are',
    tempo: onSearch((_asked, answer) => withJobs(answer(), 2)),
    sees: { status: 'partial', told: /^\d+ s of the window hold more than Tempo can answer/ },
    holds: allNew,
  },
  {
    fault: 'Tempo lies in counts: no job done, nothing found',
    tempo: nothingRead,
    sees: {
      status: 'partial',
      told: /^Traces exist, but the graph has none of them: the last graph is kept/,
    },
    holds: allOld,
  },
  {
    fault: 'Tempo lacks spans, and refuses to look them up',
    tempo: {
      fragments: [...traces.new, many],
      fault: ({ kind }) => (kind === 'lookup' ? text(422, 'trace exceeds max size') : undefined),
    },
    sees: { status: 'partial', told: /^1 traces lack spans/ },
    holds: allNew,
  },
  {
    fault: 'Tempo has nothing in the window',
    tempo: { fragments: [] },
    sees: { status: 'empty', told: 'nothing' },
    holds: ['cleared', 'none', 'cleared'],
  },
  {
    fault: 'Tempo answers garbage: a page of HTML',
    tempo: always(html),
    sees: badAnswer(/text\/html/),
    holds: allOld,
  },
  {
    fault: 'Tempo answers garbage: gzip that cannot be decompressed',
    tempo: always(damaged),
    sees: badAnswer(/content-encoding is gzip/),
    holds: allOld,
  },
  {
    fault: 'Tempo answers garbage: protobuf cut short',
    tempo: onSearch((_asked, answer) => ({ ...answer(), body: Buffer.from(answer().body).subarray(0, -30) })),
    sees: badAnswer(/damaged/),
    holds: allOld,
  },
  {
    fault: 'Tempo wants other credentials',
    tempo: always(text(401, 'no org id')),
    sees: { code: 'TTA_TEMPO_UNAUTHORIZED', detail: /no org id.*tempo\.bearer_token/ },
    holds: allOld,
  },
]

const ofProvider: Row[] = [
  {
    fault: 'the provider refuses connections',
    alone: true,
    meanwhile: ({ provider }) => provider.close(),
    sees: sinkFailed(/\(failed\).*could not be reached.*nothing was written/),
    holds: allOld,
  },
  {
    fault: 'the provider refuses the graph',
    meanwhile: ({ provider }) => provider.lieOnWrite(['refused 400', 99]),
    sees: sinkFailed(/\(restored\).*answered 400/),
    holds: allOld,
  },
  {
    fault: 'the provider answers 201 and is empty, once',
    meanwhile: ({ provider }) => provider.lieOnWrite('nothing stored'),
    sees: complete('attempts'),
    holds: allNew,
  },
  {
    fault: 'the provider answers 201 and is empty, as often as it is tried',
    meanwhile: ({ provider }) => provider.lieOnWrite(['nothing stored', 3]),
    sees: sinkFailed(/\(restored\).*holds 0 nodes and 0 edges instead of 2 nodes and 1 edges/),
    holds: allOld,
  },
  {
    fault: 'the provider answers 201 and is empty, forever',
    meanwhile: ({ provider }) => provider.lieOnWrite(['nothing stored', 99]),
    sees: sinkFailed(/\(failed\).*the last good graph could not be restored/),
    holds: ['old', 'cleared', 'old'],
  },
  {
    fault: 'the provider stores a half',
    meanwhile: ({ provider }) => provider.lieOnWrite(['half of the edges', 3]),
    sees: sinkFailed(/\(restored\).*holds 0 nodes and 0 edges/),
    holds: allOld,
  },
  {
    fault: 'another writer gets in between, once',
    meanwhile: ({ provider }) => provider.lieOnWrite('doubled edges'),
    sees: complete('attempts'),
    holds: allNew,
  },
  {
    fault: 'another writer gets in between, always',
    meanwhile: ({ provider }) => provider.lieOnWrite(['other numbers', 3]),
    sees: sinkFailed(/\(restored\).*holds different edges, or different numbers/),
    holds: allOld,
  },
  {
    fault: 'the provider is slow, once',
    config: { nodegraph_provider: { timeout: 2 } },
    meanwhile: ({ provider }) => provider.lieOnWrite('hangs after the delete'),
    sees: complete('attempts'),
    holds: allNew,
  },
  {
    fault: 'the provider is slow, as often as it is tried',
    config: { nodegraph_provider: { timeout: 2 } },
    meanwhile: ({ provider }) => provider.lieOnWrite(['hangs after the delete', 3]),
    sees: sinkFailed(/\(restored\).*did not answer within 2000 ms/),
    holds: allOld,
  },
  {
    fault: 'the provider cannot be read',
    meanwhile: ({ provider }) => provider.lieOnRead(['a page with 200', 99]),
    sees: sinkFailed(/\(failed\).*answered 200 without.*nothing was written/),
    holds: allOld,
  },
  {
    fault: 'the Redis of the provider was restarted',
    meanwhile: ({ provider }) => {
      provider.onceOnWrite(() => {
        provider.staleConnections = 10
      })
    },
    sees: complete('attempts'),
    holds: allNew,
  },
]

const restartLoses = /^The history is not available: .*; this graph will be lost at the next restart\.$/

const ofHistory: Row[] = [
  {
    fault: 'the database is locked',
    alone: true,
    meanwhile: ({ path }) => {
      const other = new Database(path)
      other.exec('BEGIN IMMEDIATE')
      return () => other.close()
    },
    sees: complete(restartLoses),
    holds: ['new', 'new', 'old'],
  },
  {
    fault: 'the file is overwritten with garbage while it is in use',
    alone: true,
    meanwhile: ({ path }) => {
      writeFileSync(path, 'no database '.repeat(1000))
      truncateSync(`${path}-wal`)
    },
    sees: complete('nothing'),
    logs: /the file was damaged, so it was moved aside and a new one was created/,
    holds: allNew,
  },
  {
    fault: 'the file is garbage at the start',
    before: ({ path }) => writeFileSync(path, 'no database '.repeat(1000)),
    sees: complete('nothing'),
    logs: /the file was damaged, so it was moved aside and a new one was created/,
    holds: allNew,
  },
  {
    fault: 'the file is removed',
    alone: true,
    meanwhile: ({ path }) => ['', '-wal', '-shm'].map((suffix) => rmSync(path + suffix)),
    sees: complete('nothing'),
    logs: /the file was replaced by another one/,
    holds: allNew,
  },
  {
    fault: 'the clock steps back an hour while tta is down',
    before: ({ clock }) => {
      clock.nowMs -= 3_600_000
    },
    sees: complete('nothing'),
    holds: allNew,
  },
  {
    fault: 'the clock steps back an hour while tta runs',
    alone: true,
    meanwhile: ({ clock }) => {
      clock.nowMs -= 3_600_000
    },
    sees: complete('nothing'),
    holds: allNew,
  },
]

export const rows: Row[] = [...ofTempo, ...ofProvider, ...ofHistory]
