/**
 * Loaded into tta before it starts: when asked, tells the longest that its event loop was held since it was last asked,
 * in CPU ms of its thread: that something else had the processor does not count.
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
// What listens to the channel must not keep tta alive.
process.channel.unref()
