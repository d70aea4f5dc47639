import fc from 'fast-check'
import t from 'tap'
import { HashSample } from '../../src/graph/columns/hash-sample.ts'
import { builderOf } from '../support/graph/test-graphs.ts'
import { spanTable, type TestSpan } from '../support/graph/test-spans.ts'
import { holds } from '../support/property.ts'

const hex = (id: number) => id.toString(16).padStart(32, '0')

function sampleOf(numbers: number[], taken: number[] = [], size = 3): HashSample<number> {
  const sample = new HashSample<number>(size)
  for (const [list, times] of [
    [numbers, 1],
    [taken, -1],
  ] as const) {
    for (const number of list) {
      sample.add(
        number % 10,
        () => `${number}`,
        () => number,
        times,
      )
    }
  }
  return sample
}

t.test('a sample has the values with the smallest hashes, each once', async (t) => {
  t.same(sampleOf([]).values(), [])
  t.same(sampleOf([25, 3, 41, 3]).values(), [41, 3, 25])
  t.same(sampleOf([9, 8, 7, 6, 5]).values(), [5, 6, 7])
  t.same(sampleOf([11, 1, 21, 2]).values(), [1, 11, 21], 'of one hash, by their keys')
})

t.test('replaces an example once it was removed as often as added', async (t) => {
  t.same(sampleOf([1, 2, 3, 4], [1]).values(), [2, 3, 4])
  t.same(sampleOf([1, 1, 2, 3, 4], [1]).values(), [1, 2, 3], 'added twice, taken back once')
  t.same(sampleOf([2], [1]).values(), [2], 'never seen')
})

t.test('a sample is the same in any order, in parts, and after removals', async (t) => {
  const numbers = fc.array(fc.nat(400), { maxLength: 300 })
  const property = fc.property(numbers, fc.array(fc.nat(400), { maxLength: 26 }), (kept, extra) => {
    const expected = sampleOf(kept).values()
    const halves = sampleOf(kept.slice(0, kept.length / 2))
    halves.merge(sampleOf(kept.slice(kept.length / 2)))
    const distinct = [...new Set(extra)].filter((number) => !kept.includes(number))
    t.same(sampleOf([...kept].reverse()).values(), expected)
    t.same(halves.values(), expected)
    t.same(sampleOf([...distinct, ...kept], distinct).values(), expected)
  })
  holds(t, property, 100)
})

const fine: TestSpan[] = [
  { id: 1, service: 'shop', name: 'a' },
  { id: 2, parent: 1, service: 'cart', name: 'b' },
]
const faulty: TestSpan[][] = [
  fine,
  [{ id: 1, parent: 9, service: 'shop', name: 'orphan' }],
  [...fine, ...fine],
  [{ id: 1, name: 'without a service' }],
  [
    { id: 1, parent: 2, service: 'shop', name: 'a' },
    { id: 2, parent: 1, service: 'cart', name: 'b' },
  ],
  [{ id: 1, service: 'shop', name: 'a', skewed: true }],
]
const expected = {
  orphans: [hex(2)],
  duplicates: [hex(3)],
  withoutService: [hex(4)],
  cycles: [hex(5)],
  skewed: [hex(6)],
  untimed: [],
}

t.test('a builder names traces with each fault, at every level', async (t) => {
  for (const level of ['operation', 'service', 'both'] as const) {
    t.same(builderOf(faulty, { level }).examples(), expected, level)
  }
})

t.test('a removed trace is no example', async (t) => {
  const builder = builderOf(faulty)
  for (const [index, spans] of faulty.entries()) {
    if (index > 1) builder.remove(spanTable(builder.strings, index + 1, spans))
  }
  t.same(builder.examples(), {
    orphans: [hex(2)],
    duplicates: [],
    withoutService: [],
    cycles: [],
    skewed: [],
    untimed: [],
  })
})

t.test('merged builders name the traces of both, and count on', async (t) => {
  const builder = builderOf(faulty.slice(0, 3))
  const other = builderOf([])
  for (const [index, spans] of faulty.entries()) {
    if (index > 2) other.add(spanTable(other.strings, index + 1, spans))
  }
  builder.merge(other)
  t.same(builder.examples(), expected)
  builder.add(spanTable(builder.strings, 100, fine))
  t.same(builder.examples(), expected, 'a trace without a fault adds none')
})

t.test('there are 20 examples at most, spread over all traces', async (t) => {
  const orphan: TestSpan[] = [{ id: 1, parent: 9, service: 'shop', name: 'orphan' }]
  const { orphans } = builderOf(Array.from({ length: 500 }, () => orphan)).examples()
  t.equal(orphans.length, 20)
  t.ok(
    orphans.some((id) => id > hex(250)),
    'not just the first ones',
  )
})
