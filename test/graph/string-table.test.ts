import fc from 'fast-check'
import t from 'tap'
import { PairIndex } from '../../src/graph/columns/hash-index.ts'
import { StringTable } from '../../src/graph/columns/string-table.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)
const intern = (table: StringTable, bytes: Uint8Array) => table.intern(bytes, 0, bytes.length)

t.test('StringTable', async (t) => {
  t.test('0 is the empty string, from bytes and from text', async (t) => {
    const table = new StringTable()
    t.equal(table.size, 1)
    t.equal(table.text(0), '')
    t.equal(table.internText(''), 0)
    t.equal(table.intern(utf8('abc'), 2, 2), 0)
    t.equal(table.size, 1)
  })

  t.test('numbers strings in order of first sight, whichever way they come', async (t) => {
    const table = new StringTable()
    t.equal(intern(table, utf8('shop')), 1)
    t.equal(table.internText('cart'), 2)
    t.equal(table.internText('shop'), 1)
    t.equal(intern(table, utf8('cart')), 2)
    t.same([table.text(1), table.text(2), table.size], ['shop', 'cart', 3])
  })

  t.test('reads its slice of the message and keeps nothing of the message', async (t) => {
    // A Buffer's slice is a view: it would change with the message, and hold all of it in memory.
    for (const message of [utf8('xxshopyy'), Buffer.from('xxshopyy')]) {
      const table = new StringTable()
      t.equal(table.intern(message, 2, 6), 1)
      message.fill(0)
      t.equal(intern(table, utf8('shop')), 1)
      t.equal(table.text(1), 'shop')
    }
  })

  t.test('prefixes, case, and looks do not make strings equal', async (t) => {
    const table = new StringTable()
    const texts = ['a', 'ab', 'A', '\u00e4', 'a\u0308', 'a\0', '\0', ' a', '\ufeffa', '\ufeff']
    t.same(
      texts.map((text) => intern(table, utf8(text))),
      texts.map((_, index) => index + 1),
    )
    t.same(
      texts.map((_, index) => table.text(index + 1)),
      texts,
    )
  })

  t.test('a string of a byte order mark is not the empty string', async (t) => {
    const table = new StringTable()
    t.not(table.internText('\ufeff'), 0)
  })

  t.test('invalid UTF-8 sequences with the same text share a number', async (t) => {
    const table = new StringTable()
    const [ff, fe, replacement] = [
      [0x61, 0xff],
      [0x61, 0xfe],
      [0x61, 0xef, 0xbf, 0xbd],
    ].map((bytes) => intern(table, Uint8Array.from(bytes)))
    t.same([ff, fe, replacement], [1, 1, 1])
    t.equal(table.text(1), 'a\ufffd')
    t.equal(table.internText('a\ufffd'), 1)
  })

  t.test('a lone surrogate becomes the replacement character, the same number each time', async (t) => {
    const table = new StringTable()
    t.equal(table.internText('\ud800'), 1)
    t.equal(table.internText('\ud800'), 1)
    t.equal(table.internText('\ufffd'), 1)
    t.equal(table.text(1), '\ufffd')
  })

  t.test('100,000 strings keep their numbers while the table grows', async (t) => {
    const table = new StringTable()
    const texts = Array.from({ length: 100_000 }, (_, index) => `name ${index}`)
    const first = texts.map((text) => intern(table, utf8(text)))
    t.ok(first.every((index, at) => index === at + 1))
    t.ok(texts.every((text, at) => table.internText(text) === at + 1 && table.text(at + 1) === text))
  })

  t.test('text comes back as it went in, and equal texts have equal numbers', async (t) => {
    const table = new StringTable()
    const found = fc.check(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const index = intern(table, utf8(text))
        return (
          table.text(index) === text && table.internText(text) === index && (text === '') === (index === 0)
        )
      }),
      { numRuns: 300 },
    )
    t.notOk(found.failed, fc.defaultReportMessage(found) ?? 'holds')
  })
})

t.test('PairIndex', async (t) => {
  t.test('numbers pairs in order of first sight; (a, b) is not (b, a)', async (t) => {
    const pairs = new PairIndex()
    t.same([pairs.indexOf(5, 7), pairs.indexOf(7, 5), pairs.indexOf(5, 7), pairs.indexOf(0, 0)], [0, 1, 0, 2])
    t.equal(pairs.length, 3)
    t.same([pairs.first[1], pairs.second[1]], [7, 5])
  })

  t.test('a grid of 400 by 400 and its far corners keep their numbers while the index grows', async (t) => {
    const pairs = new PairIndex()
    const top = 2 ** 31 - 1
    const numbers = () => {
      const found = [pairs.indexOf(top, top), pairs.indexOf(top, 0), pairs.indexOf(0, top)]
      for (let a = 0; a < 400; a++) for (let b = 0; b < 400; b++) found.push(pairs.indexOf(a, b))
      return found
    }
    for (const time of ['first', 'second']) {
      t.ok(
        numbers().every((number, at) => number === at),
        `${time} time`,
      )
    }
    t.equal(pairs.length, 160_003)
  })

  t.test('behaves as a Map keyed by both', async (t) => {
    const small = fc.nat(20)
    const found = fc.check(
      fc.property(
        fc.array(
          fc.tuple(
            fc.oneof(
              small,
              fc.maxSafeNat().map((n) => n % 2 ** 31),
            ),
            small,
          ),
        ),
        (list) => {
          const pairs = new PairIndex()
          const model = new Map<string, number>()
          return list.every(([a, b]) => {
            const expected = model.get(`${a} ${b}`) ?? model.size
            model.set(`${a} ${b}`, expected)
            return pairs.indexOf(a, b) === expected
          })
        },
      ),
    )
    t.notOk(found.failed, fc.defaultReportMessage(found) ?? 'holds')
  })
})

t.test('renames names, the same beyond the names that it remembers and in any order', async (t) => {
  const rename = (name: string) => name.replace(/\d+/g, '*')
  const utf8 = new TextEncoder()
  const intern = (strings: StringTable, name: string) => {
    const bytes = utf8.encode(name)
    return strings.text(strings.internName(bytes, 0, bytes.length))
  }
  const strings = new StringTable(2, rename)
  for (let at = 0; at < 100_010; at++) {
    if (intern(strings, `GET /${at}`) !== 'GET /*') t.fail(`GET /${at}`)
  }
  t.equal(intern(strings, 'GET /7'), 'GET /*')
  t.equal(intern(strings, 'GET /100009'), 'GET /*')
  t.equal(intern(strings, 'POST /7'), 'POST /*')
  t.equal(intern(strings, 'PUT /7'), 'other', 'a third name is beyond the limit')
  const bytes = utf8.encode('GET /7')
  t.equal(strings.text(strings.intern(bytes, 0, bytes.length)), 'GET /7', 'other strings stay as they are')
  t.equal(strings.internName(bytes, 0, 0), 0)
})
