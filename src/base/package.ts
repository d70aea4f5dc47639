import { existsSync, readFileSync } from 'node:fs'

/** The folder of tta's package.json. Searched upwards, since the build bundles many files of src into one of dist. */
const root = folderAbove(import.meta.url)

/** The version of tta. */
export const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  version: string
}

/** Returns the URL of a file that the build creates, also for tests, which run from src. @param path below dist */
export const builtFile = (path: string): URL => new URL(`dist/${path}`, root)

function folderAbove(url: string): URL {
  const folder = new URL('.', url)
  if (existsSync(new URL('package.json', folder))) return folder
  if (folder.pathname === '/') throw new Error('package.json of tta not found above dist')
  return folderAbove(folder.href.slice(0, -1))
}
