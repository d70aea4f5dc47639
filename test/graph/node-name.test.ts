import t from 'tap'
import { StringTable } from '../../src/graph/columns/string-table.ts'
import { joinParts, NodeNames, partsOf } from '../../src/graph/spans/node-name.ts'

t.test('a name without further parts is the title', async (t) => {
  t.equal(joinParts(['cart']), 'cart')
  t.equal(joinParts(['cart', '', '']), 'cart')
  t.same(partsOf('cart'), ['cart'])
})

t.test('parts keep their positions', async (t) => {
  t.same(partsOf(joinParts(['cart', '', 'prod'])), ['cart', '', 'prod'])
  t.not(joinParts(['cart', 'prod']), joinParts(['cart', '', 'prod']))
})

t.test('one title and one part at two positions are two names', async (t) => {
  const strings = new StringTable()
  const names = new NodeNames(strings)
  const [cart, shop, prod] = ['cart', 'shop', 'prod'].map((text) => strings.internText(text)) as [
    number,
    number,
    number,
  ]
  const first = names.withPart(cart, shop, 1)
  t.same(partsOf(strings.text(first)), ['cart', 'shop'])
  t.equal(names.withPart(cart, shop, 1), first)
  t.same(partsOf(strings.text(names.withPart(cart, shop, 2))), ['cart', '', 'shop'])
  t.same(partsOf(strings.text(names.withPart(first, prod, 2))), ['cart', 'shop', 'prod'])
  t.equal(names.withPart(cart, 0, 1), cart)
})
