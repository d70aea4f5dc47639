/** Processes that are measured, or that play the other side. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const pathOf = (path) => fileURLToPath(new URL(path, import.meta.url))
export const tta = pathOf('../dist/main.js')

/** Starts a script of this folder, or tta, with Node. @param {{ args?: string[], env?: object, imports?: string[] }} options */
export function startNode(
  path,
  { args = [], env = {}, imports = [], stdio = ['pipe', 'pipe', 'pipe'] } = {},
) {
  const flags = imports.flatMap((module) => ['--import', pathOf(module)])
  const script = path === tta ? tta : pathOf(path)
  const child = spawn(process.execPath, [...flags, script, ...args], {
    env: { ...process.env, ...env },
    stdio,
  })
  // A benchmark that fails leaves nothing running.
  const end = () => child.kill()
  process.on('exit', end)
  child.on('exit', () => process.off('exit', end))
  return child
}

/** The address that a server says it listens on; what it says later is read and dropped. */
export function addressOf(child) {
  let said = ''
  return new Promise((resolve, reject) => {
    child.on('exit', (status) => reject(new Error(`ended with ${status}: ${said}`)))
    const look = (chunk) => {
      if (said.length < 100_000) said += chunk
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0]
      if (url) resolve(new URL(url))
    }
    child.stdout.on('data', look)
    child.stderr.on('data', look)
  })
}

/** Starts `tta serve` on a free port. */
export async function serveTta(env = {}, options = {}) {
  const child = startNode(tta, {
    args: ['serve'],
    env: { TTA_SERVER_PORT: '0', TTA_LOG_LEVEL: 'info', ...env },
    ...options,
  })
  return { child, url: await addressOf(child), stop: () => stop(child) }
}

/** Starts a Tempo that replays generated traces: `load/replay-tempo.mjs`. */
export async function startReplay(options) {
  const child = startNode('load/replay-tempo.mjs', { args: [JSON.stringify(options)] })
  return { url: await addressOf(child), stop: () => stop(child) }
}

/** Builds a graph and answers its summary. */
export async function aggregate(url, parameters = {}) {
  const answer = await fetch(new URL('/aggregate', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=600' },
    body: JSON.stringify(parameters),
  })
  const summary = await answer.json()
  if (!answer.ok || summary.status !== 'complete') throw new Error(JSON.stringify(summary))
  return summary
}

export async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill()
  await ended
}

/** Peak resident memory of a running process, MB. */
export function peakMegabytes(pid) {
  const [, kibibytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return (Number(kibibytes) * 1024) / 1e6
}
