import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'

const root = new URL('../../', import.meta.url)
const { bringUpToDate } = await import(new URL('build/up-to-date.mjs', root).href)
const run = promisify(execFile)

/** A source folder, a lock file and a build that copies the sources. */
function setUp(t: Test) {
  const directory = t.testdir({ src: { a: 'a', room: { b: 'b' } }, lock: '1' })
  const at = (path: string) => join(directory, path)
  const folder = at('dist')
  const write = (path: string, text: string) => writeFileSync(at(path), text)
  const options = {
    folder,
    inputs: [at('src'), at('lock'), at('missing')],
    tools: 'Node 20',
    build: async (fresh: string) => cpSync(at('src'), fresh, { recursive: true }),
  }
  const update = (some: Partial<typeof options> = {}): Promise<boolean> =>
    bringUpToDate({ ...options, ...some })
  const built = () =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name !== '.build-stamp.json')
  return { at, write, update, built, folder }
}

t.test('an unchanged folder is not rebuilt', async (t) => {
  const { update, built, write } = setUp(t)
  t.equal(await update(), true)
  t.same(built().sort(), ['a', 'room', 'room/b'])
  t.equal(await update(), false)
  write('src/a', 'a')
  t.equal(await update(), false, 'a file that was written again with the same text')
})

t.test('a changed, added, renamed or deleted source leads to a rebuild', async (t) => {
  const { at, update, built, write, folder } = setUp(t)
  await update()
  write('src/a', 'b')
  t.equal(await update(), true, 'changed, same size')
  t.equal(readFileSync(join(folder, 'a'), 'utf8'), 'b')
  write('src/c', '')
  t.equal(await update(), true, 'added, empty')
  rmSync(at('src/c'))
  write('src/d', '')
  t.equal(await update(), true, 'renamed')
  rmSync(at('src/room'), { recursive: true })
  t.equal(await update(), true, 'deleted')
  t.same(built().sort(), ['a', 'd'], 'no file of an earlier build is left')
  t.equal(await update(), false)
})

t.test('other dependencies and another Node lead to a rebuild', async (t) => {
  const { update, write } = setUp(t)
  await update()
  write('lock', '2')
  t.equal(await update(), true)
  write('missing', '')
  t.equal(await update(), true, 'an input that appears')
  t.equal(await update({ tools: 'Node 22' }), true)
  t.equal(await update(), true)
})

t.test('a folder with a missing or damaged file is rebuilt', async (t) => {
  const { update, folder } = setUp(t)
  await update()
  rmSync(join(folder, 'room/b'))
  t.equal(await update(), true)
  writeFileSync(join(folder, 'a'), 'longer')
  t.equal(await update(), true)
  writeFileSync(join(folder, '.build-stamp.json'), '{')
  t.equal(await update(), true)
  t.equal(await update(), false)
})

t.test('a build that fails leaves the last folder, and the next run builds again', async (t) => {
  const { at, update, built, write } = setUp(t)
  await update()
  write('src/e', '')
  const failing = async (fresh: string) => {
    mkdirSync(fresh)
    writeFileSync(join(fresh, 'half'), '')
    throw new Error('no space')
  }
  await t.rejects(update({ build: failing }), { message: 'no space' })
  t.same(built().sort(), ['a', 'room', 'room/b'])
  t.same(readdirSync(at('.')).sort(), ['dist', 'lock', 'src'], 'nothing unfinished is left')
  t.equal(await update(), true)
})

t.test('builds that run at the same time end with one whole folder', async (t) => {
  const { at, update } = setUp(t)
  t.same(await Promise.all([update(), update(), update()]), [true, true, true])
  t.equal(await update(), false)
  t.same(readdirSync(at('.')).sort(), ['dist', 'lock', 'src'])
})

t.test('the build of a checkout runs once', async (t) => {
  const checkout = t.testdir({})
  for (const name of ['src', 'build', 'package.json', 'package-lock.json', 'tsconfig.json'])
    cpSync(new URL(name, root), join(checkout, name), { recursive: true })
  symlinkSync(resolve('node_modules'), join(checkout, 'node_modules'))
  const build = async () => {
    const { stderr } = await run(process.execPath, [join(checkout, 'build/build.mjs')])
    return stderr
  }
  t.match(await build(), /^dist was built in [\d.]+ s\n$/)
  t.equal(await build(), '')
  const { stdout } = await run(process.execPath, [join(checkout, 'dist/main.js'), '--version'])
  t.match(stdout, /^tta \d/)
})
