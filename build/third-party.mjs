/** Writes the licences of the packages inside the bundle, as these licences require. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const isLicence = /^(licen[cs]e|copying|notice)/i
/** Its files come with @fastify/swagger-ui, and its licence is that of tta. */
const swaggerUi =
  '== swagger-ui (Apache-2.0)\n\nCopyright SmartBear Software Inc., https://github.com/swagger-api/swagger-ui'

/**
 * @param {import('esbuild').Metafile} metafile says what is in the bundle
 * @param {string} root
 * @param {string} path of the file to write
 */
export function writeLicences(metafile, root, path) {
  const folders = Object.keys(metafile.inputs).flatMap(
    (input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? [],
  )
  const texts = [...new Set(folders)].map((folder) => licenceOf(join(root, folder)))
  texts.push(swaggerUi)
  texts.sort()
  writeFileSync(path, `The code in this folder contains the following packages.\n\n${texts.join('\n\n')}\n`)
}

function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const files = readdirSync(folder).filter((file) => isLicence.test(file))
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim())
  return [`== ${name} ${version} (${license})`, ...texts].join('\n\n')
}
