/**
 * Checks every text that a person reads: documentation, descriptions of the API, comments, messages, test names.
 *
 * node test/text/check.mjs [PATH ...]   files or folders; default all
 *
 * Prints a line per violation, `file:line message`, and a last line with the counts. Exits with 1 on violations.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { textsOf } from './extract.mjs'
import { violations } from './rules.mjs'

const everything = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'config_example.yml',
  'compose.yaml',
  'openapi/tta.json',
  '.ci',
  '.github',
  'bench',
  'build',
  'deploy',
  'docs',
  'src',
  'test',
]
/** Data of others, and the texts that break the rules on purpose. */
const left = /^(test\/recorded|test\/cases|test\/text\/(rules\.mjs|check\.test\.ts))|node_modules/
const isText = /\.(ts|mjs|md|html|ya?ml|json)$|^\.ci\/run$|Dockerfile$|\.service$/
const isData = /^(grafana|test)\/.*\.json$|tsconfig\.json$/

const filesOf = (path) => {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return []
  if (!stats.isDirectory()) return [path]
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map((name) => join(path, name).replaceAll('\\', '/'))
    .filter((name) => statSync(name).isFile())
}

const asked = process.argv.slice(2)
const files = (asked.length > 0 ? asked : everything)
  .flatMap(filesOf)
  .filter((file) => isText.test(file) && !left.test(file) && !isData.test(file))
let texts = 0
let found = 0
for (const file of files.sort()) {
  for (const { line, text } of textsOf(file, readFileSync(file, 'utf8'))) {
    texts++
    for (const violation of violations(text)) {
      found++
      console.log(`${file}:${line} ${violation}`)
    }
  }
}
console.log(`${texts} texts in ${files.length} files, ${found} violations`)
process.exitCode = found > 0 ? 1 : 0
