/**
 * Feeds mutated OTLP bodies and Tempo answers to their decoders. Each must be refused, or give a graph that keeps the laws.
 * Exits with 1 at the first that does neither.
 *
 *     node --import=tsx bench/fuzz.mjs 100000 1    bodies of each kind, seed
 */
import { fuzzBodies } from '../test/fuzz/bodies.ts'

const [count = '2000', seed = '1'] = process.argv.slice(2)
const startedAt = performance.now()
const tallies = await fuzzBodies(Number(count), Number(seed))
for (const [kind, tally] of Object.entries(tallies)) {
  const { bodies, refused, accepted, spans, rejected, slowestMs } = tally
  console.log(
    `${kind.padEnd(22)} ${bodies} bodies: ${refused} refused, ${accepted} accepted with ${spans} spans; ` +
      `${rejected} spans rejected one by one; slowest ${slowestMs.toFixed(1)} ms`,
  )
}
const seconds = ((performance.now() - startedAt) / 1000).toFixed(0)
console.log(`seed ${seed}, ${seconds} s, ${(process.memoryUsage.rss() / 2 ** 20).toFixed(0)} MiB`)
