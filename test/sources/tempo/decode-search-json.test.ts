import t from 'tap'
import { decodeSearchJson } from '../../../src/sources/tempo/decode/decode-search-json.ts'

t.test('pads ids to 32 digits, in the order of the answer', async (t) => {
  const traces = [{ traceID: 'B0' }, { traceID: 'a'.repeat(32), durationMs: 5 }]
  const answer = { traces, metrics: {} }
  t.same(decodeSearchJson(JSON.stringify(answer)), {
    ids: [`${'0'.repeat(30)}b0`, 'a'.repeat(32)],
    unfinished: false,
  })
})

t.test('reports a search that stopped early', async (t) => {
  const unfinished = (metrics: unknown) => decodeSearchJson(JSON.stringify({ metrics })).unfinished
  t.equal(unfinished({ completedJobs: 2, totalJobs: 3 }), true)
  t.equal(unfinished({ totalJobs: 3 }), true)
  t.equal(unfinished({ completedJobs: 3, totalJobs: 3 }), false)
  t.equal(unfinished({}), false)
})

t.test('rejects other JSON, ids that are not hex, and an answer without metrics', async (t) => {
  for (const json of [
    '',
    '{',
    'null',
    '[]x',
    '7',
    '{"traces":7,"metrics":{}}',
    '{"traces":{},"metrics":{}}',
    '{"traces":[null],"metrics":{}}',
    '{"traces":[{}],"metrics":{}}',
    '{"traces":[{"traceID":""}],"metrics":{}}',
    '{"traces":[{"traceID":7}],"metrics":{}}',
    '{"traces":[{"traceID":"../../status"}],"metrics":{}}',
    '{"traces":[{"traceID":"aa?x=1"}],"metrics":{}}',
    `{"traces":[{"traceID":"${'a'.repeat(33)}"}],"metrics":{}}`,
    '{}',
    '{"traces":[]}',
    '{"metrics":null}',
    '{"metrics":7}',
    '{"metrics":{"completedJobs":"3"}}',
  ]) {
    t.throws(() => decodeSearchJson(json), { name: 'TempoAnswerError' }, json)
  }
})
