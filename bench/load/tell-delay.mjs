/** Loaded into tta before it starts: when asked, tells how long its event loop was held since it was last asked, ms. */
import { monitorEventLoopDelay } from 'node:perf_hooks'

const resolutionMs = 1
const delay = monitorEventLoopDelay({ resolution: resolutionMs })
delay.enable()
process.on('message', () => {
  process.send({ longestHoldMs: Math.max(0, delay.max / 1e6 - resolutionMs) })
  delay.reset()
})
// What listens to the channel must not keep tta alive.
process.channel.unref()
