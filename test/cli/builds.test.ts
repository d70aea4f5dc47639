import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import t, { type Test } from 'tap'
import { TtaError } from '../../src/base/errors.ts'
import { version } from '../../src/base/package.ts'
import { repeat } from '../../src/cli/build-command.ts'
import { shopSpans } from '../../src/cli/demo/shop.ts'
import { runCommandLine } from '../../src/cli/run.ts'
import { AggregationSummary } from '../../src/model/summary.ts'
import { createLogger } from '../../src/operations/logger.ts'
import type { GraphSink, SinkReport } from '../../src/sinks/graph-sink.ts'
import { createEmbeddedSource } from '../../src/sources/embedded/embedded-source.ts'
import { EmbeddedStore } from '../../src/sources/embedded/embedded-store.ts'
import { jsonToProtobuf } from '../../src/sources/otlp/json-to-protobuf.ts'
import type { TraceSource } from '../../src/sources/trace-source.ts'
import { otlpRequest } from '../support/otlp/otlp-request.ts'
import { terminal } from '../support/test-terminal.ts'

const isSummary = new Ajv({ strict: false, formats: { 'date-time': true } }).compile(AggregationSummary)

/** An embedded source with 20 traces of the last minutes. */
function shopSource(): TraceSource {
  const nowMs = Date.now()
  const traces = new EmbeddedStore({ maxBytes: 1e8, maxAgeSec: 3600, now: Date.now })
  const spans = shopSpans({ seed: 1, traces: 20, fromMs: nowMs - 600_000, toMs: nowMs - 300_000 })
  traces.add(jsonToProtobuf(otlpRequest(spans)))
  return createEmbeddedSource(traces)
}

/** Configures a Tempo that is never called, because `source` replaces it. */
const env = { TTA_TEMPO_URL: 'http://127.0.0.1:9' }

async function run(argv: string[], source: TraceSource | undefined, io = terminal({ env })) {
  const status = await runCommandLine(argv, io, source && { source })
  return { status, out: io.stdout.text, err: io.stderr.text }
}

/** Returns a source whose first `failures` reads fail. */
function failingSource(failures: number): TraceSource {
  const good = shopSource()
  let reads = 0
  return {
    ...good,
    read: async (...args) => {
      if (++reads <= failures) throw new TtaError('TTA_TEMPO_UNAVAILABLE', 'Tempo did not answer')
      return good.read(...args)
    },
  }
}

/** Rejects when the signal aborts; never resolves. */
async function endOf(signal: AbortSignal): Promise<never> {
  await once(signal, 'abort')
  throw signal.reason
}

t.test('prints the graph in a format instead of the report', async (t) => {
  t.test('as a whole, around a node, or with its most called nodes', async (t) => {
    const first = async (...argv: string[]) => {
      const { status, out, err } = await run(['-g', 'shop', ...argv], shopSource())
      t.equal(status, 0, err)
      return out
    }
    const map = await first('--format', 'mermaid')
    t.match(map, /^```mermaid\n---\ntitle: "shop"\n---\nflowchart LR\n/)
    t.match(map, /\n```\n$/, 'a page of Markdown')
    t.match(await first('--format', 'dot'), /^digraph "shop" \{\n/)
    t.match(await first('--format', 'svg', '--max-nodes', '5'), /^<\?xml.*<\/svg>\n$/s)
    t.match(await first('--format', 'graphml'), /^<\?xml.*<\/graphml>\n$/s)
    t.match(await first('--format', 'csv'), /^id,source,sourceTitle,/)
    t.match(await first('--format', 'csv', '--part', 'nodes'), /^id,title,subTitle,/)
    const { nodes, edges, shown } = JSON.parse(
      await first('--format', 'json', '--focus', 'cart', '--max-nodes=4'),
    )
    t.equal(nodes.length, 4)
    t.ok(edges.length > 0 && shown.focus.length > 0)
  })

  t.test('rejects options that cannot be combined before it reads anything', async (t) => {
    for (const [argv, message] of [
      [['--format', 'png'], '--format must be one of json, dot, mermaid, svg, csv, graphml, not "png"'],
      [['--focus', 'cart'], '--focus requires --format (json, dot, mermaid, svg, csv, graphml)'],
      [['--format', 'dot', '--part', 'nodes'], '--part requires --format csv'],
      [['--format', 'csv', '--part', 'both'], '--part must be one of nodes, edges, not "both"'],
      [['--format', 'dot', '--hops', '2'], '--hops requires --focus'],
      [['--format', 'dot', '--max-nodes', '0'], '--max-nodes must be a whole number of at least 1, not "0"'],
      [
        ['--format', 'json', '--json'],
        '--json cannot be combined with --format: one prints the summary, the other the graph',
      ],
    ] as const) {
      const { status, out, err } = await run([...argv], failingSource(1))
      t.same([status, err], [1, `tta: ${message}\n`])
      if (!(argv as readonly string[]).includes('--json')) t.equal(out, '')
    }
    const { status, err } = await run(['--format', 'dot', '--focus', 'carts'], shopSource())
    t.equal(status, 1)
    t.match(err, /focus is "carts", but must be the id, the title or title.subTitle of a node/)
  })
})

t.test('prints the report of a build and exits with 0', async (t) => {
  const { status, out, err } = await run(['-g', 'shop'], shopSource())
  t.equal(status, 0)
  t.match(out, /^graph {4}shop: complete, built /)
  t.match(out, /^read {5}20 traces, [\d,]+ spans/m)
  t.match(out, /^CALLER +-> CALLEE +CALLS +FAILED +SLOW +MEAN MS +P95 MS +CALLS\/S$/m)
  t.notMatch(out, /^sink/m, 'the embedded store ends with the process')
  t.notOk(out.includes('\x1b'), 'no colours for a pipe')
  t.equal(err, 'tta: nodegraph_provider.url is not set: the graph is shown but not stored\n')
})

t.test('colours the report on a terminal', async (t) => {
  const { out } = await run([], shopSource(), terminal({ env, columns: 100 }))
  t.ok(out.includes('\x1b[32mcomplete\x1b[39m'))
})

t.test('prints only one summary with --json', async (t) => {
  for (const argv of [['--json'], ['--json', '--quiet'], ['--json', '--dry-run']]) {
    const { status, out, err } = await run(argv, shopSource())
    t.equal(status, 0)
    t.equal(out.split('\n').length, 2, 'one line')
    const summary = JSON.parse(out)
    t.ok(isSummary(summary), JSON.stringify(isSummary.errors))
    t.match(summary, { graph: 'micro', status: 'complete', read: { traces: 20 } })
    t.same(
      summary.sinks.map(({ sink }: SinkReport) => sink),
      argv.includes('--dry-run') ? [] : ['embedded'],
    )
    t.equal(err, '')
  }
})

t.test('prints nothing with --quiet if all is well', async (t) => {
  t.same(await run(['--quiet'], shopSource()), { status: 0, out: '', err: '' })
})

t.test('exits with different statuses for partial, empty and failed builds', async (t) => {
  const partial = await run(['--limit', '5'], shopSource())
  t.equal(partial.status, 3)
  t.match(partial.out, /: partial, /)

  const empty = await run(['--from', 'now-1m'], shopSource())
  t.equal(empty.status, 0)
  t.match(empty.out, /: empty, /)

  const failed = await run(['--json'], failingSource(1))
  t.equal(failed.status, 1)
  t.equal(failed.err, 'tta: Tempo did not answer\n')
  t.match(JSON.parse(failed.out), { status: 502, code: 'TTA_TEMPO_UNAVAILABLE', title: 'Bad Gateway' })
})

t.test('shows the graph of a dry run and stores nothing', async (t) => {
  const { status, out } = await run(['--dry-run', '-s', '1200', '-n', 'false'], shopSource())
  t.equal(status, 0)
  t.match(out, /^CALLER/m)
  t.notMatch(out, /Service Node/)
  t.notMatch(out, /^sink/m)
})

t.test('lists invalid parameters, one per line', async (t) => {
  const wrongTime = await run(['--from', 'yesterday', '--json'], shopSource())
  t.equal(wrongTime.status, 1)
  t.match(wrongTime.err, /^tta: invalid parameters:\n {2}from .*"yesterday".*\n$/)
  t.match(JSON.parse(wrongTime.out), { status: 400, code: 'TTA_BAD_REQUEST', errors: [{ field: 'from' }] })

  const wrongConfig = await run(['-f', '(\x1b[2J', '-L', '-1', '-m', 'x', '--json'], shopSource())
  t.equal(wrongConfig.status, 1)
  t.equal(wrongConfig.err.trimEnd().split('\n').length, 4, wrongConfig.err)
  t.match(wrongConfig.err, /^ {2}query.trace_threshold_ms is -1, but must be at least 0/m)
  t.notOk(wrongConfig.err.includes('\x1b'), 'nothing for the terminal to execute')
  t.match(JSON.parse(wrongConfig.out), { status: 400, errors: Array })

  const unknown = await run(['--grpah', 'x'], shopSource())
  t.match(unknown, { status: 1, out: '', err: 'tta: unknown option --grpah; did you mean --graph?\n' })
})

t.test('explains what to set if no Tempo is configured', async (t) => {
  const { status, err } = await run([], shopSource(), terminal())
  t.equal(status, 1)
  t.match(err, /^tta: tempo.url is not set.*config.yml.*TTA_TEMPO_URL.*tta serve.*tta demo.*\n$/)
})

t.test('reads config.yml if it exists; the command line overrides it', async (t) => {
  const io = () => {
    const made = terminal()
    writeFileSync(
      join(made.directory, 'config.yml'),
      'graph: { name: fromfile }\nquery: { tag_filter: nothing }\ntempo: { url: http://127.0.0.1:9 }\n',
    )
    return made
  }
  t.match((await run([], shopSource(), io())).out, /fromfile: empty/)
  t.match((await run(['-g', 'other', '-f', 'web'], shopSource(), io())).out, /other: complete/)

  const missing = await run(['-c', '/nowhere/tta.yml'], shopSource(), io())
  t.equal(missing.status, 1)
  t.match(missing.err, '/nowhere/tta.yml cannot be read (ENOENT)')
})

t.test('prints help and version without any configuration', async (t) => {
  t.match(await run(['--version'], undefined, terminal()), { status: 0, out: `tta ${version}\n`, err: '' })
  t.match(await run(['serve', '-h'], undefined, terminal()), { status: 0, out: /^Usage: tta serve/, err: '' })
})

t.test('continues a loop after a failed build, and exits with the status of the last build', async (t) => {
  const stop = new AbortController()
  const io = terminal({ env, signal: stop.signal })
  const ended = runCommandLine(['-l', '0.001', '-g', 'shop', '--json'], io, { source: failingSource(1) })
  await io.stdout.shows('"status":"complete"')
  stop.abort()
  t.equal(await ended, 0)
  t.equal(io.stderr.text, 'tta: Tempo did not answer\n')
  const documents = io.stdout.lines.map((line) => JSON.parse(line))
  t.equal(documents[0].status, 502)
  t.ok(documents.slice(1).every((document) => isSummary(document)))

  const failing = new AbortController()
  const last = terminal({ env, signal: failing.signal })
  const failed = runCommandLine(['-l', '0.001'], last, {
    source: failingSource(Number.POSITIVE_INFINITY),
  })
  await last.stderr.shows('tta: Tempo did not answer\ntta: Tempo did not answer\n')
  failing.abort()
  t.equal(await failed, 1)
})

t.test('stops a loop during a build on a signal', async (t) => {
  const stop = new AbortController()
  let closed = false
  let reads = 0
  const good = shopSource()
  const source: TraceSource = {
    ...good,
    read: async (query, consumer, options) => {
      if (++reads === 1) return good.read(query, consumer, options)
      stop.abort()
      return endOf(options.signal)
    },
    close: async () => {
      closed = true
    },
  }
  const io = terminal({ env, signal: stop.signal })
  t.equal(await runCommandLine(['-l', '0.001', '--quiet'], io, { source }), 0, 'the first build was complete')
  t.same([reads, closed, io.stderr.text], [2, true, ''])
})

t.test('fails a build that a signal interrupts', async (t) => {
  for (const argv of [['--quiet'], ['--quiet', '-l', '5']]) {
    const stop = new AbortController()
    const never: TraceSource['read'] = async (_query, _consumer, { signal }) => {
      stop.abort(new Error('SIGTERM'))
      return endOf(signal)
    }
    const io = terminal({ env, signal: stop.signal })
    t.equal(await runCommandLine(argv, io, { source: { ...shopSource(), read: never } }), 1)
    t.equal(io.stderr.text, 'tta: interrupted before the build was complete\n')
  }
})

t.test('stops a loop whose parameters are invalid', async (t) => {
  const { status, err } = await run(['-l', '1', '--from', 'yesterday', '--quiet'], shopSource())
  t.equal(status, 1)
  t.match(err, /from .*"yesterday"/)
})

t.test('reports a failed sink as a problem, and a successful one in the report', async (t) => {
  const report: SinkReport = {
    sink: 'nodegraph-provider',
    state: 'failed',
    verified: false,
    attempts: 4,
    isolatedNodes: 0,
    warnings: [],
    reason: 'answered 201 and stored nothing',
  }
  const sink: GraphSink = {
    name: 'nodegraph-provider',
    replace: async () => report,
    remove: async () => false,
    check: async () => {},
    close: async () => {},
  }
  const io = terminal({ env })
  t.equal(await runCommandLine(['--json'], io, { source: shopSource(), providerSink: sink }), 1)
  t.match(io.stderr.text, /^tta: nodegraph-provider did not store the graph \(failed\): answered 201/)
  t.match(JSON.parse(io.stdout.text), { code: 'TTA_SINK_FAILED', summary: { sinks: [{ attempts: 4 }, {}] } })

  const replace = async (): Promise<SinkReport> => ({ ...report, state: 'stored', verified: true })
  const tookIt = terminal({ env })
  t.equal(
    await runCommandLine([], tookIt, {
      source: shopSource(),
      providerSink: { ...sink, replace },
    }),
    0,
  )
  t.same(
    tookIt.stdout.lines.filter((line) => line.startsWith('sink')),
    [`sink     nodegraph-provider: stored, verified, 4 attempts, ${report.reason}`],
  )
})

t.test('starts runs at an interval, and never overlaps them', async (t) => {
  const stop = new AbortController()
  const starts: number[] = []
  let running = 0
  await repeat(40, stop.signal, async () => {
    starts.push(performance.now())
    t.equal(running++, 0, 'alone')
    // The second takes longer than the interval.
    const endMs = performance.now() + (starts.length === 2 ? 60 : 10)
    while (performance.now() < endMs) await new Promise((resolve) => setImmediate(resolve))
    running--
    if (starts.length === 3) stop.abort()
  })
  const [first = 0, second = 0, third = 0] = starts
  t.ok(second - first >= 30, `${second - first} ms, with the 10 ms of work inside`)
  t.ok(third - second >= 55, `${third - second} ms, no less than the work`)
})

async function serve(t: Test, argv: string[]) {
  const stop = new AbortController()
  const lines: string[] = []
  let resolveLine = (_: string) => {}
  const listening = new Promise<string>((resolve) => {
    resolveLine = resolve
  })
  const logger = createLogger('info', {
    write: (line) => {
      lines.push(JSON.parse(line).msg)
      resolveLine(line)
    },
  })
  const io = terminal({ signal: stop.signal })
  const ended = runCommandLine(['serve', ...argv], io, { logger })
  t.teardown(() => stop.abort())
  return { stop, lines, ended, io, listening }
}

t.test('serves until the signal, logs its address, and exits with 0', async (t) => {
  const { stop, lines, ended, listening } = await serve(t, ['--port', '0', '-g', 'mine'])
  const line = await Promise.race([listening, ended])
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(String(line))?.[0] ?? ''
  t.same(lines, [`tta listens at ${url}, API documentation: ${url}/docs`])
  t.equal((await fetch(`${url}/health/live`)).status, 200)
  const summary = await (await fetch(`${url}/aggregate`, { method: 'POST' })).json()
  t.equal((summary as AggregationSummary).graph, 'mine', 'options are defaults for requests')
  stop.abort()
  t.equal(await ended, 0)
  await t.rejects(fetch(`${url}/health/live`), 'the service no longer listens')
})

t.test('names a port that is already in use', async (t) => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  t.teardown(() => other.close())
  const { port } = other.address() as AddressInfo
  const { ended, io } = await serve(t, ['--port', String(port)])
  t.equal(await ended, 1)
  t.match(io.stderr.text, `tta: cannot listen on 127.0.0.1:${port}: the port is already in use`)
})

t.test('runs the demo on the given port, or explains why it cannot', async (t) => {
  const run = async (...argv: string[]) => {
    const io = terminal()
    const status = await runCommandLine(['demo', '--once', ...argv], io, { logger: createLogger('silent') })
    return { status, out: io.stdout.text, err: io.stderr.text }
  }
  t.match(await run('--port', '0'), { status: 0, out: /^Sending 300 traces .*\n.*POST http/, err: '' })
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  t.teardown(() => other.close())
  const { port } = other.address() as AddressInfo
  const err = `tta: cannot listen on 127.0.0.1:${port}: the port is already in use (omit --port to use any free port)\n`
  t.same(await run('--port', String(port)), { status: 1, out: '', err })
  for (const wrong of ['x', '65536', '-1', '1.5']) {
    t.match(await run('--port', wrong), {
      status: 1,
      err: /^tta: --port must be from 0 to 65535, not .*\n$/,
    })
  }
})
