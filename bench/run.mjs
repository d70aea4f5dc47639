/**
 * Runs the benchmarks one after the other, each in separate processes.
 *
 *     npm run bench                        # for people
 *
 *     npm run bench -- --json              # one object for programs
 *
 *     npm run bench -- --markdown          # the table in README.md
 *
 *     npm run bench -- tempo http/graphs   # only some of them
 */
import { spawn } from 'node:child_process'
import { cpus, loadavg, totalmem } from 'node:os'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { figureLines, markdown } from './table.mjs'

const benchmarks = [
  'tempo/decode',
  'otlp/decode',
  'tempo/read',
  'tempo/memory',
  'embedded/memory',
  'refresh/refresh',
  'http/graphs',
  'http/latency',
  'cli/start',
]
const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false }, markdown: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const isWanted = (name) => positionals.length === 0 || positionals.some((start) => name.startsWith(start))
const forPeople = !values.json && !values.markdown

/** @returns {Promise<{ title: string, figures: import('./figures.mjs').Figure[] }>} */
async function run(name) {
  const path = fileURLToPath(new URL(`${name}.mjs`, import.meta.url))
  const child = spawn(process.execPath, [path, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise((resolve) => child.on('exit', resolve))
  const printed = await text(child.stdout)
  const status = await ended
  if (status !== 0) throw new Error(`bench/${name}.mjs ended with ${status}`)
  return JSON.parse(printed)
}

const [{ model }] = cpus()
const gibibytes = Math.round(totalmem() / 2 ** 30)
const machine = `${cpus().length} cores (${model.trim()}), ${gibibytes} GiB, load ${loadavg()[0].toFixed(1)} at the start`
const results = { date: new Date().toISOString(), node: process.version, machine, figures: [] }
for (const name of benchmarks.filter(isWanted)) {
  const { title, figures } = await run(name)
  results.figures.push(...figures)
  if (forPeople) console.log(`\n${title}\n${figureLines(figures).join('\n')}`)
}
if (values.json) console.log(JSON.stringify(results, null, 2))
if (values.markdown) console.log(markdown(results))
if (forPeople) {
  const missed = results.figures.filter(({ met }) => met === false).map(({ name }) => name)
  console.log(missed.length === 0 ? '\nEvery target is met.' : `\nMissed: ${missed.join('; ')}`)
}
