/** Rebuilds a folder only if its inputs or its files have changed since it was built. */
import { createHash, randomUUID } from 'node:crypto'
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** Written last: a folder without it is the work of a build that did not finish. */
const stampName = '.build-stamp.json'
const leftoverAgeMs = 600_000

/**
 * Builds `folder` unless its stamp matches the inputs and the files that the stamp lists are still there.
 *
 * The build runs in a new folder next to `folder`, which then takes its place. A build that fails or is killed leaves
 * the previous folder as it was, and no file of an earlier build survives.
 *
 * @param {object} options
 * @param {string} options.folder absolute path
 * @param {string[]} options.inputs absolute paths of files and folders; a missing one counts as absent
 * @param {string} options.tools what the result depends on apart from the inputs, such as the version of Node
 * @param {(folder: string) => Promise<void>} options.build fills the folder that it is given
 * @returns {Promise<boolean>} whether it built
 */
export async function bringUpToDate({ folder, inputs, tools, build }) {
  const digest = digestOf(inputs, tools)
  if (isUpToDate(folder, digest)) return false
  removeLeftovers(folder)
  const fresh = `${folder}.${randomUUID()}`
  try {
    await build(fresh)
    const files = Object.fromEntries(filesIn(fresh).map((name) => [name, statSync(join(fresh, name)).size]))
    writeFileSync(join(fresh, stampName), JSON.stringify({ digest, files }))
    replace(folder, fresh)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
  return true
}

function isUpToDate(folder, digest) {
  const stamp = readStamp(folder)
  if (stamp?.digest !== digest) return false
  return Object.entries(stamp.files).every(
    ([name, size]) => statSync(join(folder, name), { throwIfNoEntry: false })?.size === size,
  )
}

function readStamp(folder) {
  try {
    return JSON.parse(readFileSync(join(folder, stampName), 'utf8'))
  } catch {
    return undefined
  }
}

/** Covers names and contents. Times of change do not count: `git checkout` sets them as it likes. */
function digestOf(inputs, tools) {
  const hash = createHash('sha256').update(JSON.stringify(tools))
  for (const input of inputs) {
    const stats = statSync(input, { throwIfNoEntry: false })
    const names = stats?.isDirectory() ? filesIn(input).map((name) => join(input, name)) : [input]
    for (const name of stats ? names : []) {
      const content = readFileSync(name)
      hash.update(`\n${JSON.stringify(name)} ${content.length}\n`).update(content)
    }
  }
  return hash.digest('hex')
}

/** @returns {string[]} sorted paths below the folder */
function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()
}

/** Removes what builds that were killed left behind. A younger folder may belong to a build that is still running. */
function removeLeftovers(folder) {
  const names = readdirSync(dirname(folder)).filter((name) => name.startsWith(`${basename(folder)}.`))
  for (const path of names.map((name) => join(dirname(folder), name))) {
    const stats = statSync(path, { throwIfNoEntry: false })
    if (stats && Date.now() - stats.mtimeMs > leftoverAgeMs) rmSync(path, { recursive: true, force: true })
  }
}

/** A second build may finish at the same time. The later one then repeats the exchange. */
function replace(folder, fresh) {
  const previous = `${fresh}.previous`
  for (let attempt = 1; ; attempt++) {
    try {
      renameSync(folder, previous)
    } catch (error) {
      if (error.code !== 'ENOENT') throw error
    }
    try {
      renameSync(fresh, folder)
      break
    } catch (error) {
      if (attempt === 5 || !['ENOTEMPTY', 'EEXIST'].includes(error.code)) throw error
    } finally {
      rmSync(previous, { recursive: true, force: true })
    }
  }
}
