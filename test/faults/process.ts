import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import type { Test } from 'tap'
import { asked } from './stage.ts'

// `npm test` builds the file first.
const main = resolve('dist/main.js')

interface Line {
  level: number
  msg: string
}

/** tta in its own process. */
export interface Tta {
  child: ChildProcess
  get(path: string): Promise<{ status: number; body: unknown }>
  /** Requests a build of the graph `micro`. */
  post(some?: object, headers?: Record<string, string>): Promise<{ status: number; body: unknown }>
  /** Waits for the first line of its log that matches. */
  says(text: RegExp): Promise<Line>
  kill(signal: NodeJS.Signals): void
  /** Exit code and signal. */
  ended: Promise<unknown[]>
}

/** @param config YAML @param limit before its start, in the shell */
export async function start(t: Test, config: string, limit = 'true'): Promise<Tta> {
  const cwd = t.testdir({ 'config.yml': config })
  const command = `${limit} && exec "$0" ${main} serve -c config.yml`
  const child = spawn('sh', ['-c', command, process.execPath], {
    cwd,
    env: { PATH: process.env.PATH ?? '' },
    stdio: ['ignore', 'inherit', 'pipe'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  const ended = once(child, 'exit')
  const lines: Line[] = []
  let rest = ''
  child.stderr.on('data', (data) => {
    const parts = `${rest}${data}`.split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts.map((line) => JSON.parse(line) as Line))
  })
  const says = async (text: RegExp): Promise<Line> => {
    for (;;) {
      const line = lines.find(({ msg }) => text.test(msg))
      if (line) return line
      await Promise.race([
        once(child.stderr, 'data'),
        ended.then(() => Promise.reject(new Error(`no ${text}`))),
      ])
    }
  }
  const [, url] = /tta listens at (http:\S+\d)/.exec((await says(/tta listens/)).msg) ?? []
  const answered = async (answer: Promise<Response>) => {
    const response = await answer
    return { status: response.status, body: await response.json() }
  }
  return {
    child,
    get: (path) => answered(fetch(url + path)),
    post: (some, headers) =>
      answered(
        fetch(`${url}/aggregate`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: JSON.stringify({ graph: 'micro', ...asked, ...some }),
        }),
      ),
    says,
    kill: (signal) => void child.kill(signal),
    ended,
  }
}
