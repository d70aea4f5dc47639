import { createBuildHistory } from '../../../dist/sinks/history/build-history.js'

// Usage: node recorder.mjs PATH COUNT, with a graph on standard input. Records the graph COUNT times, with times one
// second apart, and prints the number of each recorded build. Uses the compiled tta, which starts fast. Does nothing
// without arguments, as when `tap test/sinks/history` runs it.
const [path, count] = process.argv.slice(2)
if (path === undefined) process.exit(0)
const log = { warn: console.error, error: console.error }
const history = createBuildHistory({ path, maxBuilds: 1_000_000, maxAgeMs: 1e15, log })
let text = ''
for await (const chunk of process.stdin) text += chunk
const document = JSON.parse(text)
for (let build = 1; build <= Number(count); build++) {
  await history.record({ ...document, builtAt: new Date(build * 1000).toISOString() })
  process.stdout.write(`${build}\n`)
}
await history.close()
