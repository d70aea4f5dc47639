/** Writes the notices of the packages in the bundle, and of those that are installed with it, as their licences require. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const isLicence = /^(licen[cs]e|copying|notice)/i
/** Software inside packages, which no manifest lists. */
const inside = [
  // Its files come with @fastify/swagger-ui, and its licence is that of tta.
  '== swagger-ui (Apache-2.0)\n\nCopyright SmartBear Software Inc., https://github.com/swagger-api/swagger-ui',
  '== Graphviz, inside @viz-js/viz (Eclipse Public License)\n\nhttps://graphviz.org/license, source: https://gitlab.com/graphviz/graphviz',
  '== Expat, inside @viz-js/viz (MIT)\n\nCopyright the Expat maintainers, https://github.com/libexpat/libexpat',
]

/**
 * @param {import('esbuild').Metafile} metafile says what is in the bundle
 * @param {string} root the folder of package-lock.json
 * @param {string} path of the file to write
 */
export function writeNotices(metafile, root, path) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const bundled = Object.keys(metafile.inputs).flatMap(
    (input) => /node_modules\/(?:.*node_modules\/)?(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? [],
  )
  const installed = Object.keys(packages).filter((folder) => folder !== '' && !packages[folder].dev)
  const folders = [...new Set([...bundled, ...installed])]
  const texts = folders.map((folder) => noticeOf(root, folder, packages[folder])).concat(inside)
  const head = 'tta contains or installs the following packages, in the versions of package-lock.json.'
  writeFileSync(path, `${[head, ...texts.sort()].join('\n\n')}\n`)
}

/** A package for another platform is not installed, so only the lock file describes it. */
function noticeOf(root, folder, { version, license }) {
  const name = folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length)
  const path = join(root, folder)
  const files = existsSync(path) ? readdirSync(path).filter((file) => isLicence.test(file)) : []
  const texts = files.map((file) => readFileSync(join(path, file), 'utf8').trim())
  return [`== ${name} ${version} (${license})`, ...texts].join('\n\n')
}
