import fc from 'fast-check'
import { RE2JS } from 're2js'
import t from 'tap'
import { checkPatternSize, patternSize } from '../../src/base/pattern-size.ts'
import { holds } from '../support/property.ts'

t.test('counts a pattern with its repeats written out', async (t) => {
  for (const [pattern, size] of [
    ['', 0],
    ['abc', 3],
    ['(ab){3}', 9],
    ['a{2,7}', 7],
    ['a{5,}', 5],
    ['a{0}', 1],
    ['((a{10}){10}){10}', 1110],
    ['[a-z(){9}]{4}', 4],
    ['[]{9}]{4}', 4],
    ['[[:alpha:]]{2}', 2],
    ['\\pN{3}\\p{Greek}{2}\\x{1F600}{2}', 7],
    ['\\({3}', 3],
    ['\\Q({9}\\E', 4],
    ['(?i:ab){2}', 6],
    ['a{x}', 4],
    ['(a{1000}', 1000],
    [')', 1],
  ] as const) {
    t.equal(patternSize(pattern), size, pattern)
  }
})

t.test('no program is more than a few times as large', (t) => {
  const atom = fc.constantFrom('a', '.', '[a-z]', '\\d', '\\pL', '(?:ab)', '(x|y)', '\\Qa.b\\E', '^', '\\b')
  const repeat = fc.constantFrom('', '', '*', '+?', '?', '{2}', '{0,3}', '{4,}', '{7}')
  const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
    pattern: fc
      .array(
        fc.tuple(
          fc.oneof(
            { maxDepth: 3 },
            atom,
            tie('pattern').map((p) => `(${p})`),
          ),
          repeat,
        ),
        {
          maxLength: 4,
        },
      )
      .map((parts) => parts.map((one) => one.join('')).join('')),
  }))
  holds(
    t,
    fc.property(pattern, (text) => {
      let size: number
      try {
        size = RE2JS.compile(text).programSize()
      } catch {
        return true
      }
      return size <= 5 * patternSize(text) + 5
    }),
    300,
  )
  t.end()
})

t.test('refuses a pattern whose repeats make it too large, and says so', async (t) => {
  checkPatternSize('a{500}')
  t.throws(() => checkPatternSize('(.*y?){99}(.*y?){99}'), { name: 'RangeError', message: /500.*990/ })
})
