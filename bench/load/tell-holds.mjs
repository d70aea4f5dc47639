/**
 * Loaded into tta before it starts. On request it reports the longest hold of the event loop since the last request, in CPU
 * ms of the main thread. Time that another process had the processor does not count.
 */
import { openSync, readSync } from 'node:fs'

const schedstat = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r')
const text = Buffer.alloc(64)
let longestMs = 0

/** CPU time of the main thread so far, ms. */
function cpuMs() {
  const length = readSync(schedstat, text, 0, text.length, 0)
  return Number.parseInt(text.latin1Slice(0, length), 10) / 1e6
}

let before = cpuMs()
const timer = setInterval(() => {
  const now = cpuMs()
  longestMs = Math.max(longestMs, now - before)
  before = now
}, 1)
timer.unref()

process.on('message', () => {
  process.send({ longestHoldMs: longestMs })
  longestMs = 0
})
// The listener on the channel must not keep tta alive.
process.channel.unref()
