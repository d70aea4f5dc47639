import t from 'tap'
import { TtaError } from '../../../src/base/errors.ts'
import { parseTimeMs } from '../../../src/builds/aggregation/parse-time.ts'
import { resolveRequest } from '../../../src/builds/aggregation/request.ts'
import { type AggregationParameters, defaultParameters } from '../../../src/model/parameters.ts'

/** 2025-06-01T10:00:00Z */
const nowMs = 1_748_772_000_000
const min = 60_000
const hour = 60 * min

const request = (requested: AggregationParameters, configured: AggregationParameters = {}) =>
  resolveRequest(requested, { ...defaultParameters, ...configured }, nowMs)

t.test('reads every time format', async (t) => {
  const table: [string | number, number | undefined][] = [
    [1_748_772_000, nowMs],
    ['1748772000', nowMs],
    [' 1748772000 ', nowMs],
    [1_748_772_000.25, nowMs + 250],
    [1_748_772_000_000, nowMs],
    ['1748772000123', nowMs + 123],
    [0, 0],
    [99_999_999_999, undefined],
    ['2025-06-01T10:00:00Z', nowMs],
    ['2025-06-01T10:00:00.5Z', nowMs + 500],
    ['2025-06-01T10:00:00', nowMs],
    ['2025-06-01T10:00', nowMs],
    ['2025-06-01T12:00:00+02:00', nowMs],
    ['2025-06-01T12:00:00+0200', nowMs],
    ['2025-06-01', nowMs - 10 * hour],
    ['now', nowMs],
    ['now-20m', nowMs - 20 * min],
    ['now-1.5h', nowMs - 90 * min],
    ['now-30s', nowMs - 30_000],
    ['now-2d', nowMs - 48 * hour],
    ['now-1w', nowMs - 168 * hour],
    ['', undefined],
    ['yesterday', undefined],
    ['now+5m', undefined],
    ['now-5', undefined],
    ['now-5y', undefined],
    ['2025-13-01', undefined],
    ['2025-02-30T00:00:00Z', undefined],
    ['2025-06-01T25:00:00Z', undefined],
    ['01/06/2025', undefined],
    [-1, undefined],
    ['-5', undefined],
    [Number.NaN, undefined],
    [Number.POSITIVE_INFINITY, undefined],
    [1_748_772_000_000_000_000, undefined],
    ['now-9999w', undefined],
    ['1e9', undefined],
    ['0x10', undefined],
  ]
  for (const [value, expected] of table) t.equal(parseTimeMs(value, nowMs), expected, String(value))
})

t.test('derives the window from from, to and searchFrom', async (t) => {
  const at = (fromMs: number, toMs: number) => ({ fromMs, toMs })
  const table: [AggregationParameters, { fromMs: number; toMs: number }, AggregationParameters?][] = [
    [{}, at(nowMs - 2 * hour, nowMs)],
    [{ searchFrom: 60 }, at(nowMs - min, nowMs)],
    [{ from: 'now-20m' }, at(nowMs - 20 * min, nowMs)],
    [{ from: 'now-20m', to: 'now-10m' }, at(nowMs - 20 * min, nowMs - 10 * min)],
    [{ to: 'now-1h' }, at(nowMs - 3 * hour, nowMs - hour)],
    [{ to: 'now-1h', searchFrom: 600 }, at(nowMs - 70 * min, nowMs - hour)],
    [{ from: 'now-168h' }, at(nowMs - 168 * hour, nowMs)],
    [{ from: 'now-1h', to: 1_748_773_000 }, at(nowMs - hour, nowMs)],
    [{}, at(nowMs - hour, nowMs), { from: 'now-1h' }],
    [{ searchFrom: 60 }, at(nowMs - min, nowMs), { from: 'now-1h' }],
    [{ from: 'now-2h' }, at(nowMs - 2 * hour, nowMs), { searchFrom: 60 }],
  ]
  for (const [requested, window, configured] of table) {
    const { window: actual, warnings } = request(requested, configured)
    t.same(actual, window, JSON.stringify([requested, configured]))
    t.same(warnings, [])
  }
})

t.test('prefers the parameters of the caller to the configured ones', async (t) => {
  const { parameters } = request(
    { filter: 'cart', limit: 5 },
    { filter: 'shop', tag: 'k8s.pod.name', limit: 7 },
  )
  t.same(parameters, { ...defaultParameters, filter: 'cart', tag: 'k8s.pod.name', limit: 5 })
  const { selector } = request({ filter: 'ca.t' })
  t.match(selector, { scope: 'resource', key: 'service.name', pattern: 'ca.t' })
  t.equal(request({ searchMode: 'ingester' }).parameters.searchMode, 'ingesters')
})

t.test('clips the window to the search mode, and warns', async (t) => {
  const recent = request({ searchMode: 'ingester' })
  t.same(recent.window, { fromMs: nowMs - 15 * min, toMs: nowMs })
  t.match(recent.warnings, [/^search_mode ingesters: .*last 15 min.*2025-06-01T09:45:00.000Z/])
  const old = request({ searchMode: 'blocks' })
  t.same(old.window, { fromMs: nowMs - 2 * hour, toMs: nowMs - 15 * min })
  t.match(old.warnings, [/^search_mode blocks: .*older than 15 min.*2025-06-01T09:45:00.000Z/])
  t.same(request({ searchMode: 'ingesters', searchFrom: 60 }).warnings, [], 'nothing is clipped')
  t.same(request({ searchMode: 'blocks', to: 'now-1h' }).warnings, [])
  for (const requested of [
    { searchMode: 'blocks', searchFrom: 60 },
    { searchMode: 'ingesters', to: 'now-1h' },
  ] as const) {
    t.throws(() => request(requested), { errors: [{ field: 'searchMode', value: requested.searchMode }] })
  }
})

t.test('names every wrong parameter, its value and the allowed values', async (t) => {
  const table: [AggregationParameters, [string, RegExp][]][] = [
    [{ from: 'soon' }, [['from', /epoch s, epoch ms, ISO 8601, now/]]],
    [{ to: 'later' }, [['to', /epoch s/]]],
    [
      { from: 'soon', to: 'later' },
      [
        ['to', /epoch/],
        ['from', /epoch/],
      ],
    ],
    [{ from: 'now', to: 'now-1h' }, [['from', /before to/]]],
    [{ from: 'now-1h', to: 'now-1h' }, [['from', /before to/]]],
    [{ from: 'now-169h' }, [['from', /at most 168 h/]]],
    [{ searchFrom: 168 * 3600 + 1 }, [['searchFrom', /at most 168 h/]]],
    [{ from: 'now-1h', searchFrom: 60 }, [['searchFrom', /cannot be combined with from/]]],
    [{ to: 100, searchFrom: 200 }, [['searchFrom', /1970/]]],
    [{ from: nowMs + 60_000, to: nowMs + 120_000 }, [['from', /must not be in the future/]]],
    [{ filter: 'a(' }, [['filter', /RE2/]]],
    [{ filter: '(?=a)' }, [['filter', /RE2/]]],
    [{ filter: 'a'.repeat(257) }, [['filter', /at most 256/]]],
    [{ tag: 'resource.' }, [['tag', /attribute name/]]],
    [{ tag: '.' }, [['tag', /attribute name/]]],
    [
      { tag: '.', filter: 'a(', from: 'x' },
      [
        ['tag', /attribute name/],
        ['filter', /RE2/],
        ['from', /epoch/],
      ],
    ],
  ]
  for (const [requested, fields] of table) {
    try {
      request(requested)
      t.fail(JSON.stringify(requested))
    } catch (error) {
      if (!(error instanceof TtaError)) throw error
      t.equal(error.code, 'TTA_BAD_REQUEST')
      t.same(error.errors.map(({ field }) => field).sort(), fields.map(([field]) => field).sort())
      for (const [field, message] of fields) {
        const found = error.errors.find((one) => one.field === field)
        t.match(found?.message, message, JSON.stringify(requested))
        t.ok(found?.value !== undefined)
        t.match(error.message, field)
      }
    }
  }
})
