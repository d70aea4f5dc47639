import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import t, { type Test } from 'tap'

// `npm test` builds it first.
const main = resolve('dist/main.js')

/** `tta serve` with a history, as a process of its own. @returns its address as soon as it listens */
async function serve(t: Test, path: string): Promise<{ child: ChildProcess; url: string }> {
  const env = { PATH: process.env.PATH ?? '', TTA_HISTORY_PATH: path, TTA_SERVER_PORT: '0' }
  const child = spawn(process.execPath, [main, 'serve'], { env, cwd: t.testdirName })
  t.teardown(() => child.kill('SIGKILL'))
  let log = ''
  for await (const data of child.stderr ?? []) {
    log += data
    const [, url] = /tta listens at (http:\/\/[\d.:]+)/.exec(log) ?? []
    if (url) {
      child.stderr?.resume()
      return { child, url }
    }
  }
  throw new Error(`it does not listen: ${log}`)
}

const post = (url: string, body: unknown) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

/** Traces of one call each; their number tells builds apart. */
function spansOf(from: number, count: number) {
  const startNs = `${Date.now() - 60_000}000000`
  const spans = Array.from({ length: count }, (_, index) => ({
    traceId: String(from + index + 1).padStart(32, '0'),
    spanId: '0000000000000001',
    name: 'GET /',
    startTimeUnixNano: startNs,
    endTimeUnixNano: startNs,
  }))
  const attributes = [{ key: 'service.name', value: { stringValue: 'web' } }]
  return { resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans }] }] }
}

const phases = ['while nothing runs', 'while a build is asked for', 'while it is answered']

t.test('loses at most the running build when it is killed', async (t) => {
  const path = join(t.testdir({}), 'history.db')
  for (const [round, phase] of phases.entries()) {
    const graph = `g${round}`
    const { child, url } = await serve(t, path)
    let answered = 0
    for (const count of [1, 2, 3]) {
      await post(`${url}/v1/traces`, spansOf(count - 1, 1))
      const summary = (await (await post(`${url}/aggregate`, { graph, useTagAsNode: false })).json()) as {
        spans: { counted: number }
      }
      answered = summary.spans.counted
    }
    t.equal(answered, 3)
    await post(`${url}/v1/traces`, spansOf(3, 1))
    const last =
      round === 0 ? undefined : post(`${url}/aggregate`, { graph, useTagAsNode: false }).catch(() => {})
    if (round === 2) await fetch(`${url}/graphs/${graph}`)
    child.kill('SIGKILL')
    await Promise.all([once(child, 'exit'), last])

    const again = await serve(t, path)
    const { nodes } = (await (await fetch(`${again.url}/graphs/${graph}`)).json()) as {
      nodes: { count: number }[]
    }
    const { builds } = (await (await fetch(`${again.url}/graphs/${graph}/history`)).json()) as {
      builds: unknown[]
    }
    const kept = nodes[0]?.count ?? 0
    t.ok(kept === 3 || (round > 0 && kept === 4), `${phase}: ${kept} of 4`)
    t.equal(builds.length, kept)
    again.child.kill('SIGTERM')
    t.same(await once(again.child, 'exit'), [0, null])
  }
})
