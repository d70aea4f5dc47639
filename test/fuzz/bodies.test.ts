import t from 'tap'
import { fuzzBodies } from './bodies.ts'

t.test('2,000 mutated bodies are refused whole, or make graphs that keep the laws', async (t) => {
  const tallies = await fuzzBodies(400, 1)
  for (const [kind, { bodies, refused, accepted }] of Object.entries(tallies)) {
    t.equal(refused + accepted, bodies, `${kind}: ${refused} refused, ${accepted} accepted`)
    t.ok(refused > 50 && accepted > 50, 'the changes are neither too coarse nor too fine')
  }
})
