import { existsSync, readFileSync } from 'node:fs'

/** The folder of tta's package.json. Found by looking upwards: the build puts many files of src into one of dist. */
const root = folderAbove(import.meta.url)

/** Of this tta. */
export const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  version: string
}

/** A file that the build has made; tests, which run from src, use it as well. @param path below dist */
export const builtFile = (path: string): URL => new URL(`dist/${path}`, root)

function folderAbove(url: string): URL {
  const folder = new URL('.', url)
  if (existsSync(new URL('package.json', folder))) return folder
  if (folder.pathname === '/') throw new Error('dist must stand beside the package.json of tta')
  return folderAbove(folder.href.slice(0, -1))
}
