import { readFileSync } from 'node:fs'
import t from 'tap'
import type { SpanKind } from '../../src/graph/spans/span-table.ts'
import type { TestSpan } from '../support/graph/test-spans.ts'
import { at, measure, sectionsOf, shared, tableOf } from './critical-paths.ts'

interface Case {
  name: string
  spans: { id: string; parentId?: string; service?: string; op?: string; start: number; end: number }[]
  expected: {
    cpExclusiveByOp?: Record<string, number>
    sections?: { id: string; start: number; end: number }[]
  }
}

const cases: Case[] = JSON.parse(
  readFileSync(new URL('../cases/critical-path.json', import.meta.url), 'utf8'),
)

/** Siblings that overlap by at most 1 %: CRISP lets them follow each other, here the later one alone counts. */
const differences: Record<string, Record<string, number>> = {
  // D 308-608; C 209-309 ends 1 after D's start: off; B 10-210. The rest of 1000 is A's.
  'crisp-10': { '[S1] O1': 500, '[S2] O2': 200, '[S3] O3': 0, '[S4] O4': 300 },
  // D 300-600; C 205-305 ends 5 after D's start: off; B 10-210; A 210-300 and 0-10.
  'crisp-19': { '[S1] O1': 100, '[S2] O2': 200, '[S3] O3': 0, '[S4] O4': 300 },
  'crisp-21': { '[S1] O1': 100, '[S2] O2': 200, '[S3] O3': 0, '[S4] O4': 300 },
}

/** Exclusive time of each span in ms, by its place in the list. */
const exclusiveMs = (spans: TestSpan[]) =>
  Array.from(measure(tableOf(spans)).exclusiveNs.subarray(0, spans.length), (ns) => ns / 1e6)

const span = (
  id: number,
  parent: number | undefined,
  startMs: number,
  endMs: number,
  kind?: keyof typeof SpanKind,
): TestSpan => ({ id, parent, name: 'op', startMs, durationMs: endMs - startMs, kind })

t.test('cases of CRISP and of Jaeger UI', async (t) => {
  for (const { name, spans, expected } of cases) {
    const idOf = (id: string) => spans.findIndex((span) => span.id === id) + 1
    const table = tableOf(
      spans.map(({ id, parentId, start, end }) =>
        span(idOf(id), parentId === undefined ? undefined : idOf(parentId), start, end),
      ),
    )
    const path = measure(table)

    if (expected.sections) {
      const sections = sectionsOf(path, shared.tree, 0).map(({ row, fromNs, toNs }) => {
        const originMs = spans[0]?.start ?? 0
        return { id: spans[row]?.id, start: originMs + fromNs / 1e6, end: originMs + toNs / 1e6 }
      })
      t.same(sections, expected.sections, `${name}: sections`)
    }
    if (expected.cpExclusiveByOp) {
      const byOp: Record<string, number> = {}
      for (const [row, { service, op }] of spans.entries()) {
        const key = `[${service}] ${op}`
        byOp[key] = (byOp[key] ?? 0) + at(path.exclusiveNs, row) / 1e6
      }
      const named = differences[name] ?? expected.cpExclusiveByOp
      const all = Object.fromEntries(Object.keys(byOp).map((key) => [key, named[key] ?? 0]))
      t.same(byOp, all, `${name}: time by operation`)
    }
  }
  t.equal(cases.length, 23, 'all of them')
})

t.test('follows the rule, in cases counted by hand', async (t) => {
  t.same(
    exclusiveMs([span(1, 0, 0, 100), span(2, 1, 10, 90), span(3, 2, 20, 40)]),
    [20, 60, 20],
    "time that no child covers is the span's own",
  )
  t.same(
    exclusiveMs([span(1, 0, 0, 100), span(2, 1, 10, 50), span(3, 1, 50, 90)]),
    [20, 40, 40],
    'a child that ends where the next starts is on the path',
  )
  t.same(
    exclusiveMs([span(1, 0, 0, 100), span(2, 1, 10, 51), span(3, 1, 50, 90)]),
    [60, 0, 40],
    'one that ends any later is not',
  )
  t.same(
    exclusiveMs([span(1, 0, 0, 100), span(2, 1, 10, 90), span(3, 1, 30, 90), span(4, 1, 5, 30)]),
    [15, 0, 60, 25],
    'of two that end together the later start wins, and lets an earlier sibling in',
  )
  t.same(
    exclusiveMs([span(1, 0, 0, 100), span(3, 1, 10, 90), span(2, 1, 10, 90)]),
    [20, 0, 80],
    'of two at the same time the lower id wins',
  )
  t.same(
    [
      exclusiveMs([span(1, 0, 0, 100), span(2, 1, 10, 90, 'server'), span(2, 1, 10, 90, 'internal')]),
      exclusiveMs([span(1, 0, 0, 100), span(2, 1, 10, 90, 'internal'), span(2, 1, 10, 90, 'server')]),
    ],
    [
      [20, 0, 80],
      [20, 80, 0],
    ],
    'of two with one id the lower kind wins',
  )
  t.same(
    exclusiveMs([span(1, 0, 0, 100), span(2, 1, 40, 150), span(3, 1, 60, 110)]),
    [60, 0, 40],
    'two that outlast their parent end together with it',
  )
  t.same(
    exclusiveMs([span(1, 0, 50, 100), span(2, 1, 20, 70), span(3, 2, 10, 60), span(4, 2, 65, 90)]),
    [30, 5, 10, 5],
    'a child that starts before its parent counts from the start of its parent, and so on down',
  )
  t.same(
    exclusiveMs([span(1, 0, 0, 100), span(2, 1, 100, 200), span(3, 1, 0, 0), span(4, 2, 20, 80)]),
    [100, 0, 0, 0],
    'children with no time in their parent are off the path, and so is what is below them',
  )
})

t.test('excludes some spans from the path whatever their times', async (t) => {
  t.same(
    exclusiveMs([
      span(1, 0, 0, 100, 'server'),
      span(2, 1, 10, 60, 'producer'),
      span(3, 2, 20, 60, 'consumer'),
      span(4, 3, 25, 50, 'client'),
    ]),
    [50, 50, 0, 0],
    'a consumer under its producer, and what is below it',
  )
  t.same(
    exclusiveMs([span(1, 0, 0, 100, 'server'), span(2, 1, 10, 60, 'consumer')]),
    [50, 50],
    'a consumer elsewhere is a child like others',
  )
  t.same(
    exclusiveMs([
      span(1, undefined, 0, 100),
      span(2, 99, 10, 60),
      span(3, 2, 10, 50),
      span(4, 5, 0, 50),
      span(5, 4, 0, 50),
    ]),
    [100, 0, 0, 0, 0],
    'orphans, cut cycles and what is below them',
  )
  t.same(
    exclusiveMs([span(1, 0, 0, 100), span(2, 1, 10, 60), span(2, 1, 10, 60)]),
    [50, 50, 0],
    'a repetition',
  )
  t.same(exclusiveMs([span(2, 99, 10, 60)]), [0], 'a trace whose root never arrived')
  t.same(
    exclusiveMs([span(1, 0, 0, 100), span(2, 0, 50, 250), span(3, 1, 0, 10), span(4, 2, 50, 60)]),
    [90, 190, 10, 10],
    'two roots are two paths',
  )
  t.same(
    exclusiveMs([
      { ...span(1, 0, 0, 100), skewed: true },
      { ...span(2, 1, 0, 100), skewed: true },
    ]),
    [0, 0],
    'a root without duration',
  )
  t.same(exclusiveMs([]), [], 'no spans')
})

t.test('hostile shapes', async (t) => {
  t.test('100,000 children one after the other', async (t) => {
    const count = 100_000
    const children = Array.from({ length: count }, (_, i) => span(i + 2, 1, i, i + 0.75))
    const { exclusiveNs } = measure(tableOf([span(1, 0, 0, count), ...children]))
    t.equal(exclusiveNs[0], count * 0.25e6)
    t.ok(exclusiveNs.subarray(1, count + 1).every((ns) => ns === 0.75e6))
  })

  t.test('100,000 children at the same time', async (t) => {
    const count = 100_000
    const children = Array.from({ length: count }, (_, i) => span(count + 1 - i, 1, 10, 30))
    const path = measure(tableOf([span(1, 0, 0, 100), ...children]))
    t.equal(path.length, 2)
    t.same([path.exclusiveNs[0], path.exclusiveNs[count]], [80e6, 20e6], 'the lowest id of all came last')
  })

  t.test('a chain of 100,000, each 2 ns shorter than its parent', async (t) => {
    const count = 100_000
    const chain = Array.from({ length: count }, (_, i) => ({
      ...span(i + 1, i, 0, 0),
      startMs: i / 1e6,
      durationNs: 2 * (count - i),
    }))
    const { exclusiveNs } = measure(tableOf(chain.reverse()))
    t.ok(exclusiveNs.subarray(0, count).every((ns) => ns === 2))
  })

  t.test('after a large trace a small one starts from nothing', async (t) => {
    t.same(exclusiveMs([span(1, 0, 0, 100), span(2, 1, 10, 60)]), [50, 50])
  })

  t.test('a root of 1970 whose child ends in the year 2200 and lasts 2^64 ns', async (t) => {
    const year2200Ms = 7_258_118_400_000
    const root = { ...span(1, 0, 0, 0), durationNs: 2 ** 64 }
    const child = { ...span(2, 1, year2200Ms, 0), durationNs: 2 ** 64 }
    const { exclusiveNs } = measure(tableOf([root, child]))
    t.equal(at(exclusiveNs, 0) + at(exclusiveNs, 1), 2 ** 64)
    t.ok(Math.abs(at(exclusiveNs, 0) - year2200Ms * 1e6) <= 1024, 'to the nearest 2048 ns')
  })

  t.test('a child of 1970 that ends within a root 36 years later, to the ns', async (t) => {
    const table = tableOf([
      { ...span(1, 0, 0, 0), durationNs: 1000 },
      { ...span(2, 1, 3e-6, 0), durationNs: 2 ** 60 },
    ])
    table.startHi[0] = 2 ** 28 - 1
    table.startLo[0] = 2 ** 32 - 100
    t.equal(measure(table).exclusiveNs[1], 103, 'from 2^60 - 100 to 2^60 + 3')
  })

  t.test('every ns counts in 2026', async (t) => {
    const nowMs = 1_780_000_000_000
    const { exclusiveNs } = measure(
      tableOf([
        { ...span(1, 0, nowMs, 0), durationNs: 1001 },
        { ...span(2, 1, nowMs, 0), durationNs: 7 },
      ]),
    )
    t.same([exclusiveNs[0], exclusiveNs[1]], [994, 7])
  })
})
