import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import Database from 'libsql'
import t, { type Test } from 'tap'
import { createLogger } from '../../../src/operations/logger.ts'
import { createBuildHistory, type HistoryOptions } from '../../../src/sinks/history/build-history.ts'
import { ForeignFile } from '../../../src/sinks/history/database-file.ts'
import { HistoryFile } from '../../../src/sinks/history/history-file.ts'
import { graphDocument, largeDocument } from '../../support/graph-documents.ts'

const minuteMs = 60_000
const startMs = Date.parse('2026-05-01T12:00:00Z')

/** A build of `calls` calls, `minutes` after noon. */
function build(graph: string, minutes: number, calls = minutes) {
  const builtAt = new Date(startMs + minutes * minuteMs).toISOString()
  return { ...graphDocument(graph, { calls: { 'a -> b': calls } }), builtAt }
}

const folder = (t: Test) => t.testdir({})

function open(t: Test, path: string, some: Partial<HistoryOptions> = {}) {
  const lines: string[] = []
  const log = createLogger('info', { write: (line) => void lines.push(line) })
  const history = createBuildHistory({ path, maxBuilds: 50, maxAgeMs: 1e12, log, ...some })
  t.teardown(() => history.close())
  return { history, lines }
}

const all = { limit: 1000 }
const minutesOf = (entries: { at: string }[]) =>
  entries.map(({ at }) => (Date.parse(at) - startMs) / minuteMs)

t.test('lists builds by page, newest first, and finds them by time', async (t) => {
  const { history } = open(t, join(folder(t), 'new', 'folder', 'history.db'))
  for (const minutes of [1, 2, 3, 4]) await history.record(build('micro', minutes))
  await history.record(build('other', 9))

  t.same(minutesOf(await history.list('micro', all)), [4, 3, 2, 1])
  t.same(minutesOf(await history.list('micro', { limit: 2 })), [4, 3])
  t.same(minutesOf(await history.list('micro', { limit: 2, beforeMs: startMs + 3 * minuteMs })), [2, 1])
  t.same(await history.list('nobody', all), [])
  const document = build('micro', 4)
  t.same((await history.list('micro', { limit: 1 }))[0], {
    at: '2026-05-01T12:04:00.000Z',
    status: 'complete',
    window: document.summary.window,
    nodes: 2,
    edges: 1,
    bytes: JSON.stringify(document).length,
  })

  t.same(await history.at('micro', startMs + 3 * minuteMs), build('micro', 3), 'at its own time')
  t.same(await history.at('micro', startMs + 4 * minuteMs - 1), build('micro', 3), 'until the next build')
  t.equal(await history.at('micro', startMs + minuteMs - 1), undefined, 'before the first build')
  t.equal(await history.at('nobody', startMs), undefined)
})

t.test('gives another process the last build of every graph', async (t) => {
  const path = join(folder(t), 'history.db')
  const first = open(t, path).history
  const unicode = { ...graphDocument('micro', { nodes: ['🛒\u0000"'] }), builtAt: '2026-05-01T12:00:00.000Z' }
  await first.record(build('micro', -1))
  await first.record(unicode)
  await first.record(build('other', 5))
  await first.close()
  const second = open(t, path).history
  t.same(await second.last(), [unicode, build('other', 5)])
  t.equal(await second.remove('micro'), true)
  t.equal(await second.remove('micro'), false)
  t.same(await second.list('micro', all), [])
  t.same(await second.last(), [build('other', 5)])
})

t.test('limits builds by number and age, and keeps the last one', async (t) => {
  const { history } = open(t, join(folder(t), 'history.db'), { maxBuilds: 3, maxAgeMs: 10 * minuteMs })
  for (const minutes of [1, 2, 3, 4, 5]) await history.record(build('micro', minutes))
  await history.record(build('other', 1))
  t.same(minutesOf(await history.list('micro', all)), [5, 4, 3])
  await history.record(build('micro', 14))
  t.same(minutesOf(await history.list('micro', all)), [14, 5, 4])
  await history.record(build('micro', 100))
  t.same(minutesOf(await history.list('micro', all)), [100])
  t.same(minutesOf(await history.list('other', all)), [1], 'graphs do not touch')
})

t.test('keeps all builds in order when the clock is set back', async (t) => {
  const { history } = open(t, join(folder(t), 'history.db'), { maxBuilds: 3 })
  for (const minutes of [60, 61, 2, 3]) await history.record(build('micro', minutes))
  t.same(minutesOf(await history.list('micro', all)), [61, 3, 2], 'the first that came is dropped')
  t.same(await history.last(), [build('micro', 3)])
})

t.test('keeps two builds of the same millisecond apart', async (t) => {
  const { history } = open(t, join(folder(t), 'history.db'))
  for (const calls of [7, 8, 9]) await history.record(build('micro', 0, calls))
  const entries = await history.list('micro', all)
  t.same(
    entries.map(({ at }) => at.slice(17)),
    ['00.002Z', '00.001Z', '00.000Z'],
  )
  t.equal((await history.at('micro', startMs + 1))?.edges[0]?.count, 8)
})

t.test('moves a damaged file aside, and creates a new one', async (t) => {
  const dir = folder(t)
  const path = join(dir, 'history.db')
  const garbage = 'no database '.repeat(1000)
  writeFileSync(path, garbage)
  const { history, lines } = open(t, path)
  t.same(await history.last(), [])
  t.same(await history.record(build('micro', 1)), { startedOver: true })
  t.same(await history.record(build('micro', 2)), { startedOver: false })
  t.equal(history.counts.movedAside, 1)
  t.match(JSON.parse(lines[0] ?? ''), { level: 50, path, movedTo: /\.damaged-/ })
  const aside = readdirSync(dir).find((name) => name.includes('.damaged-')) ?? ''
  t.equal(readFileSync(join(dir, aside), 'utf8'), garbage)
  await history.check()
})

t.test('survives damage anywhere in the file, and never returns a changed graph', async (t) => {
  const dir = folder(t)
  const sound = join(dir, 'sound.db')
  const limits = { maxBuilds: 9, maxAgeMs: 1e15, busyTimeoutMs: 100 }
  const original = JSON.stringify(largeDocument('micro', 40))
  const kept = (at: number) => ({ graph: `g${at % 2}`, atMs: at, entry: '{}', document: original })
  const whole = new HistoryFile({ path: sound, ...limits })
  for (let at = 0; at < 4; at++) whole.insert(kept(at))
  whole.close()
  const bytes = readFileSync(sound)

  let seed = 1
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % below
  }
  const damage = (round: number) => {
    const damaged = Buffer.from(bytes)
    for (let hit = 0; hit <= round % 5; hit++) {
      const at = random(round % 2 === 0 ? damaged.length : 6000)
      damaged.fill(random(256), at, Math.min(damaged.length, at + 1 + random(300)))
    }
    return round % 7 === 0 ? damaged.subarray(0, random(damaged.length)) : damaged
  }
  const outcomes = { read: 0, lost: 0, refused: 0 }
  for (let round = 0; round < 300; round++) {
    const path = join(dir, `${round}.db`)
    writeFileSync(path, damage(round))
    const file = new HistoryFile({ path, ...limits })
    try {
      const { documents } = file.last()
      if (documents.some((document) => document !== original)) t.fail(`round ${round}: another graph`)
      file.insert(kept(9))
      if (file.at('g1', 9) !== original) t.fail(`round ${round}: what was recorded is not there`)
      outcomes[documents.length === 2 ? 'read' : 'lost']++
    } catch (error) {
      if (!/^(SQLITE_|Z_)/.test((error as { code: string }).code) && !(error instanceof ForeignFile))
        throw error
      outcomes.refused++
    }
    file.close()
  }
  t.comment(outcomes)
  t.ok(outcomes.read > 0 && outcomes.lost > 0)
})

t.test('does not change a file of another program or version', async (t) => {
  const cases: [name: string, sql: string, said: RegExp][] = [
    ['another program', 'CREATE TABLE x (y)', /is the database of another program/],
    [
      'a newer tta',
      'PRAGMA application_id = 1953784113; PRAGMA user_version = 9',
      /another version of tta \(schema 9/,
    ],
  ]
  for (const [name, sql, said] of cases) {
    const path = join(folder(t), 'history.db')
    const database = new Database(path)
    database.exec(sql)
    database.close()
    const { history } = open(t, path)
    await t.rejects(
      history.record(build('micro', 1)),
      { code: 'TTA_HISTORY_UNAVAILABLE', message: said },
      name,
    )
    t.equal(history.counts.movedAside, 0)
    await history.close()
  }
})

t.test('says why a path cannot be written, and works once it can', async (t) => {
  const dir = folder(t)
  writeFileSync(join(dir, 'file'), '')
  const inFile = open(t, join(dir, 'file', 'history.db')).history
  await t.rejects(inFile.record(build('micro', 1)), { message: /\((ENOTDIR|EEXIST)\)/ })
  await t.rejects(inFile.check(), { code: 'TTA_HISTORY_UNAVAILABLE' })
  t.match(inFile.counts, { recorded: 0, failed: 1 })
  await t.rejects(open(t, dir).history.last(), { message: /\(EISDIR\)/ })
})

t.test('fails while the disk is full', async (t) => {
  const path = join(folder(t), 'history.db')
  const { history } = open(t, path, { maxPages: 10 })
  await history.record(build('micro', 1))
  const large = { ...largeDocument('large', 900, randomName), builtAt: build('large', 2).builtAt }
  await t.rejects(history.record(large), { message: /disk is full \(SQLITE_FULL\)/ })
  await t.rejects(history.check(), { message: /SQLITE_FULL/ }, 'said until a build has been recorded')
  t.same(await history.last(), [build('micro', 1)], 'the earlier builds are still there')
  await history.record(build('micro', 3))
  await history.check()
  t.match(history.counts, { recorded: 2, failed: 1 })
})

let names = 0
const randomName = () => `${(names++ * 0x9e37_79b9).toString(36)}${Math.sin(names)}`

t.test('waits for a locked file, and then fails', async (t) => {
  const path = join(folder(t), 'history.db')
  const { history } = open(t, path, { busyTimeoutMs: 50 })
  await history.record(build('micro', 1))
  const other = new Database(path)
  t.teardown(() => other.close())
  other.exec('BEGIN IMMEDIATE')
  await t.rejects(history.record(build('micro', 2)), { message: /locked \(SQLITE_BUSY\)/ })
  t.same(await history.last(), [build('micro', 1)], 'reading needs no lock')
  other.exec('COMMIT')
  await history.record(build('micro', 3))
  t.same(minutesOf(await history.list('micro', all)), [3, 1])
})

/** Another process that records builds 1 to `count`. `npm test` builds what it runs. */
function recorder(t: Test, path: string, graph: string, count: number) {
  const child = spawn(process.execPath, [resolve('test/sinks/history/recorder.mjs'), path, String(count)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  child.stdin.end(JSON.stringify(largeDocument(graph, 60)))
  let recorded = 0
  child.stdout.on('data', (data) => {
    recorded = Number(String(data).trim().split('\n').at(-1))
  })
  return { child, recorded: () => recorded, ended: once(child, 'close') }
}

t.test('shares a file between two processes', async (t) => {
  const path = join(folder(t), 'history.db')
  const recorders = ['one', 'two'].map((graph) => recorder(t, path, graph, 40))
  for (const { ended } of recorders) t.same(await ended, [0, null])
  const { history } = open(t, path)
  for (const graph of ['one', 'two']) t.equal((await history.list(graph, all)).length, 40, graph)
})

t.test('keeps every confirmed build after a kill, and at most one more', async (t) => {
  const path = join(folder(t), 'history.db')
  for (let round = 0; round < 8; round++) {
    const graph = `g${round}`
    const { child, recorded, ended } = recorder(t, path, graph, 1_000_000)
    while (recorded() < 3 + round) await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await ended
    const file = new HistoryFile({ path, maxBuilds: 9, maxAgeMs: 1, busyTimeoutMs: 5000 })
    const entries = file.list(graph, 1_000_000, Number.MAX_SAFE_INTEGER)
    const more = entries.length - recorded()
    t.ok(more === 0 || more === 1, `${recorded()} recorded, ${more} more`)
    const last = file.at(graph, Number.MAX_SAFE_INTEGER)
    t.equal(entries[0]?.atMs, entries.length * 1000)
    t.same(JSON.parse(last ?? '').edges, largeDocument(graph, 60).edges)
    t.equal(file.movedAside(), undefined)
    file.close()
  }
})

t.test('reads a document that was stored with the old names of keys', async (t) => {
  const path = join(folder(t), 'history.db')
  const document = build('micro', 1)
  const { withoutService, ...spans } = document.summary.spans
  const { unavailable, ...read } = document.summary.read
  const { publish, ...phasesMs } = document.summary.phasesMs
  const old = {
    ...document,
    nodes: document.nodes.map(({ detail__named_by, ...row }) => ({ ...row, detail__source: 'peer.service' })),
    summary: {
      ...document.summary,
      spans: { ...spans, unnamed: 3 },
      read: { ...read, notGiven: ['links'] },
      phasesMs: { ...phasesMs, handOn: 5 },
    },
    traceExamples: { unnamed: ['a1'] },
  }
  const file = new HistoryFile({ path, maxBuilds: 50, maxAgeMs: 1e12, busyTimeoutMs: 1000 })
  file.insert({ graph: 'micro', atMs: startMs, entry: '{}', document: JSON.stringify(old) })
  file.close()

  const { history } = open(t, path)
  const expected = {
    ...document,
    nodes: document.nodes.map((row) => ({ ...row, detail__named_by: 'peer.service' })),
    summary: {
      ...document.summary,
      spans: { ...spans, withoutService: 3 },
      read: { ...read, unavailable: ['links'] },
      phasesMs: { ...phasesMs, publish: 5 },
    },
    traceExamples: { withoutService: ['a1'] },
  }
  t.same(await history.last(), [expected])
  t.same(await history.at('micro', startMs), expected)
  await history.record(build('micro', 2))
  t.same(
    await history.at('micro', startMs + 2 * minuteMs),
    build('micro', 2),
    'new documents stay as they are',
  )
})
