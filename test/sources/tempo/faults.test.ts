import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import fc from 'fast-check'
import pino from 'pino'
import t from 'tap'
import type { TtaError } from '../../../src/base/errors.ts'
import { StringTable } from '../../../src/graph/columns/string-table.ts'
import { SpanTable } from '../../../src/graph/spans/span-table.ts'
import { ProtobufError } from '../../../src/sources/protobuf/protobuf-reader.ts'
import { SearchDecoder } from '../../../src/sources/tempo/decode/decode-search.ts'
import { createTempoSource } from '../../../src/sources/tempo/tempo-source.ts'
import { readWindow } from '../../support/tempo/read-window.ts'
import {
  always,
  damaged,
  fragments,
  graph,
  html,
  onSearch,
  rows,
  window,
} from '../../support/tempo/tempo-faults.ts'
import { type Fault, startTempo, text } from '../../support/tempo/tempo-stand-in.ts'

t.test('gives the right graph, or an error that names the fault', async (t) => {
  for (const { name, tempo: options, read, code, message, report: expected, warnings = [], atMost } of rows) {
    const tempo = await startTempo({ fragments, ...options })
    const outcome = await readWindow({ url: tempo.url, window, padSec: 0, ...read }).catch(
      (error: TtaError) => error,
    )
    if (outcome instanceof Error) {
      t.equal('code' in outcome && outcome.code, code, `${name}: ${outcome.message.slice(0, 150)}`)
      if (message) t.match(outcome.message, message, name)
    } else {
      const { report } = outcome
      t.match(report, { traces: 40, incomplete: 0, ...(expected ?? { code }) }, name)
      t.equal(report.warnings.length, warnings.length, `${name}: ${report.warnings}`)
      for (const [i, warning] of warnings.entries()) t.match(report.warnings[i], warning, name)
      if (report.traces === 40) t.equal(JSON.stringify(outcome.graph), graph, name)
    }
    if (atMost) t.ok(tempo.asked.length <= atMost, `${name}: ${tempo.asked.length} requests`)
    await tempo.close()
  }
})

t.test('reports a refused connection', async (t) => {
  const gone = await startTempo()
  await gone.close()
  await t.rejects(readWindow({ url: gone.url, window }), {
    code: 'TTA_TEMPO_UNAVAILABLE',
    message: 'Tempo cannot be reached at tempo.url (ECONNREFUSED)',
  })
})

t.test('names a query that Tempo refuses, with its value and the rule', async (t) => {
  const tempo = await startTempo({ fragments })
  t.teardown(() => tempo.close())
  await t.rejects(readWindow({ url: tempo.url, window, query: 'status > > error' }), {
    code: 'TTA_QUERY_REFUSED',
    statusCode: 400,
    errors: [
      { field: 'query', value: 'status > > error', message: /TraceQL spanset filter: invalid TraceQL/ },
    ],
  })
  await t.rejects(readWindow({ url: tempo.url, window, tag: 'kind' }), {
    code: 'TTA_BAD_REQUEST',
    errors: [{ field: 'tag', value: 'kind' }],
  })
})

t.test('an abort ends a read within a second, and closes all connections', async (t) => {
  let isAsked = () => {}
  const asked = new Promise<void>((resolve) => {
    isAsked = resolve
  })
  const tempo = await startTempo({
    fragments,
    ...onSearch(() => {
      isAsked()
      return 'hang'
    }),
  })
  t.teardown(() => tempo.close())
  const controller = new AbortController()
  const reading = readWindow({ url: tempo.url, window, signal: controller.signal })
  await asked
  const startedAt = performance.now()
  controller.abort(new Error('enough'))
  await t.rejects(reading, { message: 'enough' })
  t.ok(performance.now() - startedAt < 1000)
  let connections = await tempo.connections()
  while (connections > 0 && performance.now() - startedAt < 5000) {
    await new Promise((resolve) => setImmediate(resolve))
    connections = await tempo.connections()
  }
  t.equal(connections, 0)
  const aborted = AbortSignal.abort(new Error('before'))
  const before = tempo.asked.length
  await t.rejects(readWindow({ url: tempo.url, window, signal: aborted }), { message: 'before' })
  t.equal(tempo.asked.length, before, 'no more requests are sent')
})

t.test('an abort ends the wait before a retry', async (t) => {
  const controller = new AbortController()
  const tempo = await startTempo({
    fragments,
    ...onSearch(() => {
      setImmediate(() => controller.abort(new Error('enough')))
      return text(503, 'busy')
    }),
  })
  t.teardown(() => tempo.close())
  const { signal } = controller
  const startedAt = performance.now()
  await t.rejects(readWindow({ url: tempo.url, window, signal, retryDelayMs: 30_000 }), { message: 'enough' })
  t.ok(performance.now() - startedAt < 5000)
})

t.test('accepts base URLs with and without /api, with a prefix, with slashes', async (t) => {
  const tempo = await startTempo({ fragments })
  t.teardown(() => tempo.close())
  for (const [suffix, prefix] of [
    ['', ''],
    ['/', ''],
    ['/api', ''],
    ['/api/', ''],
    ['/tempo', '/tempo'],
    ['/tempo/api//', '/tempo'],
    ['/api/datasources/proxy/uid/abc', '/api/datasources/proxy/uid/abc'],
  ]) {
    tempo.asked.length = 0
    await readWindow({ url: tempo.url + suffix, window })
    t.match(
      tempo.asked.map(({ path }) => path),
      [`${prefix}/api/metrics/query_range`, `${prefix}/api/search`],
    )
    const source = createTempoSource({ ...defaults, url: tempo.url + suffix })
    await source.check(new AbortController().signal)
    t.equal(tempo.asked.at(-1)?.path, `${prefix}/api/echo`)
    await source.close()
  }
})

const defaults = {
  headers: {},
  timeoutMs: 2000,
  maxAnswerBytes: 1e6,
  concurrency: 1,
  padSec: 0,
  lateSec: 120,
  maxLookups: 1,
  retryDelayMs: 1,
}

t.test('a check reports an unavailable Tempo', async (t) => {
  const tempo = await startTempo({ fault: () => text(503, 'starting') })
  t.teardown(() => tempo.close())
  const source = createTempoSource({ ...defaults, url: tempo.url })
  await t.rejects(source.check(new AbortController().signal), { code: 'TTA_TEMPO_UNAVAILABLE' })
  await source.close()
})

t.test('sends headers with every request, and never shows them in an error or a log', async (t) => {
  const headers = {
    authorization: 'Basic c2VjcmV0OnNlY3JldA==',
    'x-scope-orgid': 'tenant-secret',
    'x-extra': 'extra-secret',
  }
  const faults: Fault[] = [
    text(401, 'no org id'),
    text(500, 'panic'),
    html,
    'reset',
    damaged,
    'hang',
    text(400, 'bad'),
  ]
  for (const fault of faults) {
    const tempo = await startTempo({ fragments, ...always(fault) })
    const error = await readWindow({ url: tempo.url, window, headers, timeoutMs: 200 }).then(
      () => t.fail('this cannot be read'),
      (error: Error) => error,
    )
    for (const { headers: sent } of tempo.asked)
      t.match(sent, { ...headers, 'user-agent': 'tta', 'accept-encoding': 'gzip' })
    const lines: string[] = []
    pino({}, { write: (line: string) => void lines.push(line) }).error(error)
    const seen = `${inspect(error, { depth: 20 })}${lines}${JSON.stringify(error)}`
    t.notMatch(seen, /c2VjcmV0|secret/)
    await tempo.close()
  }
})

t.test('a damaged answer gives an error or fewer spans, and never hangs or grows', async (t) => {
  const bytes = readFileSync(new URL('../../recorded/tempo-3.0.3/search-bulk.pb', import.meta.url))
  let refused = 0
  const seed = fc.sample(
    fc.tuple(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length - 1), fc.nat(255), fc.nat(9)),
    {
      seed: 7,
      numRuns: 2000,
    },
  )
  for (const [at, value, at2, value2, cut] of seed) {
    const mutated = Buffer.from(cut === 0 ? bytes.subarray(0, at2) : bytes)
    if (at < mutated.length) mutated[at] = value
    if (cut > 5 && at2 < mutated.length) mutated[at2] = value2
    let spans = 0
    const decoder = new SearchDecoder(mutated, new SpanTable(new StringTable()), 'service.name', (table) => {
      spans += table.length
    })
    try {
      decoder.outline()
      decoder.traces()
    } catch (error) {
      if (!(error instanceof ProtobufError)) throw error
      refused++
    }
    // A span takes at least two bytes.
    if (spans > mutated.length / 2) t.fail(`${spans} spans out of ${mutated.length} bytes`)
  }
  t.ok(refused > 200, `${refused} of 2000 refused`)
})
