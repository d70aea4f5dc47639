import t from 'tap'
import { spansetFilter } from '../../../src/sources/tempo/spanset-filter.ts'

const read = (query: string) => {
  const filter = spansetFilter(query)
  return 'problem' in filter ? undefined : filter.spanset
}

t.test('takes one spanset filter, with or without braces', async (t) => {
  for (const query of [
    '{ status = error }',
    '({ .a = 1 } && { .b = 2 }) || { }',
    '{ .a } >> { .b } !> { .c }',
    '{ name =~ "a)}|{(" && .b = `}"\\` }',
    '{ span."a }) || ({" = 1 && .a"}{"b = 2 }',
    '{ resource.app.kubernetes.io/name = "x" && .a//b = 1 && .it\'s = 2 }',
    '{ nestedSetParent < 0 && duration > 1.5s }',
    '{ .a" = 1 }) || ({ .b" = 2 }',
    '{ .with = 1 || with = 2 }',
  ]) {
    t.equal(read(query), query)
  }
  t.equal(read(' status = error '), '{ status = error }')
  t.equal(read('.a || .b'), '{ .a || .b }')
})

t.test('leaves out comments, where Tempo sees them', async (t) => {
  t.equal(read('{ .a /* } */ = 1 } // )'), '{ .a   = 1 }')
  t.equal(read('// all\n{ .a = "//" }'), '{ .a = "//" }')
  t.equal(read('.a = 1 // why'), '{ .a = 1 }')
})

t.test('refuses what would leave the brackets around it', async (t) => {
  for (const query of [
    '{ true }) || ({ true }',
    'true }) || ({ true',
    '{ .a` = 1 }) || ({ .b` = 2 }',
    '{ .a//b = 1 }) || ({ .c = 2 }',
    '{ .a = `"` }) || ({ .b = `"` }',
    '{ .a = "\\" }) || ({ .b = "x" }',
    '{ .a = "x\n" }) || ({ .b = "" }',
    "{ .a = '\"' }) || ({ .b = '\"' }",
    '({ .a }',
    '{ .a',
    '{ .a )',
    '{ .a } }',
    '{ .a = "b }',
    '{ .a = `b }',
    '{ } | count() > 2',
    '{ } with (most_recent=true)',
  ]) {
    t.equal(read(query), undefined, query)
  }
})
