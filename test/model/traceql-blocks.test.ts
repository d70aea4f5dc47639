import fc from 'fast-check'
import t from 'tap'
import { withinLexerBlocks } from '../../src/model/traceql-blocks.ts'
import { attributeTerm, quoted } from '../../src/model/traceql-terms.ts'
import { holds } from '../support/property.ts'

const term = fc
  .tuple(fc.constantFrom('span', 'resource', 'any'), fc.stringMatching(/^[a-z_][a-z._]{0,40}$/))
  .map(([scope, key]) => attributeTerm(scope as 'span', key))
const condition = fc.oneof(
  fc
    .tuple(term, fc.string({ unit: 'grapheme', maxLength: 80 }))
    .map(([name, text]) => `${name} = ${quoted(text)}`),
  fc.tuple(term, fc.constantFrom('1500ms', '2.5', '-1', '`a.b`')).map((parts) => parts.join(' > ')),
)
const query = fc
  .array(condition, { minLength: 1, maxLength: 120 })
  .map((conditions) => `{ ${conditions.join(' && ')} }`)

t.test('a query within a block stays as it is', async (t) => {
  const short = `{ span.a = ${quoted('x'.repeat(1000))} }`
  t.equal(withinLexerBlocks(short), short)
})

t.test('an attribute across two blocks starts with the second', async (t) => {
  for (let length = 985; length < 1030; length++) {
    const padded = withinLexerBlocks(`{ span.a = ${quoted('x'.repeat(length))} && resource.name = 1500ms }`)
    const name = padded.indexOf('resource.name')
    t.ok(name >= 1024 || name + 'resource.name'.length < 1024, `at ${name}`)
    const duration = padded.indexOf('1500ms')
    t.ok(duration >= 1024 || duration + '1500ms'.length < 1024, `at ${duration}`)
  }
})

t.test('only spaces are added, and none in a text', (t) => {
  const strings = /"(?:[^"\\]|\\.)*"|`[^`]*`/g
  holds(
    t,
    fc.property(query, (text) => {
      const padded = withinLexerBlocks(text)
      const parts = (one: string) => one.split(strings).map((part) => part.replaceAll(' ', ''))
      return (
        JSON.stringify(padded.match(strings)) === JSON.stringify(text.match(strings)) &&
        parts(padded).join('|') === parts(text).join('|')
      )
    }),
    200,
  )
  t.end()
})

t.test('no attribute crosses a block, whatever characters stand before it', (t) => {
  holds(
    t,
    fc.property(query, (text) => {
      const bytes = Buffer.from(withinLexerBlocks(text))
      // Blocks as Go's text/scanner reads them: a character that is cut goes to the next block.
      let end = 1024
      const ends: number[] = []
      while (end < bytes.length) {
        while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--
        ends.push(end)
        end += 1024
      }
      const latin = bytes.toString('latin1')
      const names = [...latin.matchAll(/"(?:[^"\\]|\\.)*"|(?:span|resource)?\.[a-z_][a-z._]*/g)]
      return names.every(
        ({ 0: name, index }) =>
          name.startsWith('"') || ends.every((cut) => cut <= index || index + name.length < cut),
      )
    }),
    200,
  )
  t.end()
})
