import { seededRandom } from '../src/cli/demo/random.ts'
import { fragmentOf } from '../test/support/tempo/stored-trace.ts'

const services = ['gateway', 'cart', 'checkout', 'payments', 'catalog', 'search', 'users', 'stock']
/** From one trace to the next, ms. */
const everyMs = 500
const templates = Array.from({ length: 50 }, (_, index) => templateOf(seededRandom(index)))

/** Some calls, each below one that came before it. */
function templateOf(random) {
  const below = (limit) => Math.floor(random() * limit)
  return Array.from({ length: 2 + below(8) }, (_, index) => ({
    id: index + 1,
    parent: index === 0 ? undefined : 1 + below(index),
    service: index === 0 ? 'gateway' : services[below(services.length)],
    name: `operation ${below(3)}`,
    kind: 2,
    status: random() < 0.05 ? 2 : 0,
    atMs: index,
    ms: 1 + below(60),
  }))
}

/** The traces of the last seconds, always the same for the same time. @param nowMs Unix ms */
export function replay(nowMs, seconds) {
  const last = Math.floor(nowMs / everyMs)
  return Array.from({ length: (seconds * 1000) / everyMs }, (_, ago) => {
    const slot = last - ago
    return fragmentOf(slot, slot * everyMs, templates[slot % templates.length])
  })
}
