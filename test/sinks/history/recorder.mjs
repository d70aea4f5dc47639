import { createBuildHistory } from '../../../dist/sinks/history/build-history.js'

// node recorder.mjs PATH COUNT, a graph on standard input: records it COUNT times, a second apart by its own account,
// and says the number of each that has been recorded. Compiled tta, because it starts in no time. Without arguments,
// as `tap test/history` starts it, it does nothing.
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
