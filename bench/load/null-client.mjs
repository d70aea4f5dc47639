import { Agent, get } from 'node:http'

/**
 * Sends requests in order, a number of them in flight, and drops the answers. No client that reads the answers can be
 * faster.
 *
 * @param {{ path: string, headers: object }[]} requests
 * @returns ms, and the bytes that came, headers included
 */
export async function askForNothing(origin, requests, concurrency) {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency, scheduling: 'lifo' })
  const sockets = new Set()
  const left = requests.values()
  const ask = ({ path, headers }) =>
    new Promise((resolve, reject) => {
      get(new URL(path, origin), { agent, headers }, (response) => {
        if (response.statusCode !== 200) reject(new Error(`${path} answered ${response.statusCode}`))
        sockets.add(response.socket)
        response.on('data', () => {})
        response.on('error', reject)
        response.on('end', resolve)
      }).on('error', reject)
    })
  const worker = async () => {
    for (const request of left) await ask(request)
  }
  const before = performance.now()
  await Promise.all(Array.from({ length: concurrency }, worker))
  const ms = performance.now() - before
  const bytes = [...sockets].reduce((sum, { bytesRead }) => sum + bytesRead, 0)
  agent.destroy()
  return { ms, requests: requests.length, bytes }
}
