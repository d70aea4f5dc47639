import { readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createLogger } from '../../../src/operations/logger.ts'
import { createGraphStore } from '../../../src/sinks/graph-store.ts'
import { createBuildHistory } from '../../../src/sinks/history/build-history.ts'
import { fileAt, moveAside } from '../../../src/sinks/history/database-file.ts'
import { HistoryFile } from '../../../src/sinks/history/history-file.ts'
import { graphDocument } from '../../support/graph-documents.ts'

const limits = { maxBuilds: 50, maxAgeMs: 1e15 }
const garbage = 'no database '.repeat(1000)
const never = new AbortController().signal

const build = (graph: string, calls: number) => graphDocument(graph, { calls: { 'a -> b': calls } })
const kept = (graph: string, atMs: number) => ({ graph, atMs, entry: '{}', document: `"${graph} ${atMs}"` })
const graphsIn = (file: HistoryFile) => file.last().documents.sort()
const aside = (dir: string) => readdirSync(dir).filter((name) => /\.damaged-\w+(\.\w+)?$/.test(name))

function open(t: Test, path: string): HistoryFile {
  const file = new HistoryFile({ path, busyTimeoutMs: 5000, ...limits })
  t.teardown(() => file.close())
  return file
}

/** Moves a damaged file aside, as another process does. */
function moveAway(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) renameSync(path + suffix, `${path}.damaged-x${suffix}`)
}

t.test('moves a damaged file aside once, and all processes use the new one', async (t) => {
  for (let round = 0; round < 4; round++) {
    const dir = t.testdir({ 'history.db': garbage })
    const path = join(dir, 'history.db')
    const log = createLogger('silent')
    const graphs = ['one', 'two', 'three']
    const histories = graphs.map(() => createBuildHistory({ path, ...limits, log }))
    await Promise.all(histories.map((history, index) => history.record(build(graphs[index] ?? '', 1))))
    await Promise.all(histories.map((history, index) => history.record(build(graphs[index] ?? '', 2))))
    t.equal(
      histories.reduce((sum, { counts }) => sum + counts.movedAside, 0),
      1,
    )
    t.equal(readFileSync(join(dir, aside(dir)[0] ?? ''), 'utf8'), garbage)
    const found = await histories[0]?.last()
    t.same(found?.map(({ name, edges }) => [name, edges[0]?.count]).sort(), [
      ['one', 2],
      ['three', 2],
      ['two', 2],
    ])
    await Promise.all(histories.map((history) => history.close()))
  }
})

t.test('does not move the new file aside when damage is found late', async (t) => {
  const path = join(t.testdir({ 'history.db': garbage }), 'history.db')
  const options = { path, busyTimeoutMs: 5000 }
  const damaged = fileAt(path)
  t.match(moveAside(options, damaged, new Date()), /\.damaged-/)
  const file = open(t, path)
  file.insert(kept('micro', 1))
  t.equal(moveAside(options, damaged, new Date()), undefined)
  t.same(graphsIn(file), ['"micro 1"'])
})

t.test('records in the new file after another process has moved the old one', async (t) => {
  const path = join(t.testdir({}), 'history.db')
  const [first, second] = [open(t, path), open(t, path)]
  first.insert(kept('a', 1))
  second.insert(kept('b', 1))
  t.equal(second.isAnother(), false)
  moveAway(path)
  first.insert(kept('a', 2))
  t.equal(first.isAnother(), true)
  t.same(graphsIn(second), ['"a 2"'], 'a process that only reads uses it too')
  t.equal(second.isAnother(), true)
  second.insert(kept('b', 2))
  t.equal(second.isAnother(), false)
  for (const file of [first, second, open(t, path)]) t.same(graphsIn(file), ['"a 2"', '"b 2"'])
})

t.test('creates a removed file again, with the graphs that are in memory', async (t) => {
  const path = join(t.testdir({}), 'history.db')
  const lines: string[] = []
  const log = createLogger('info', { write: (line) => void lines.push(line) })
  const newStore = () => createGraphStore({ history: createBuildHistory({ path, ...limits, log }), log })
  const [store, other] = [newStore(), newStore()]
  for (const graph of ['micro', 'shared', 'rare']) await store.replace(build(graph, 1), never)
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix)
  await other.replace(build('shared', 2), never)
  t.same((await store.replace(build('micro', 2), never)).warnings, [])
  t.ok(lines.some((line) => line.includes('the file was replaced by another one')))
  await Promise.all([store.close(), other.close()])

  const again = newStore()
  await again.load()
  const found = again.list().map(({ name, edges }) => `${name} ${edges[0]?.count}`)
  t.same(found, ['micro 2', 'rare 1', 'shared 2'], 'the build of another process stays the last one')
  await again.close()
})
