import t from 'tap'
import { tagSelector } from '../../../src/sources/tag-selector.ts'
import { bulkQuery, traceMatch } from '../../../src/sources/tempo/traceql.ts'

const byService = tagSelector('service.name', '')

t.test('reads the tag of each span, except the name of its service', async (t) => {
  for (const [tag, isSelected] of [
    ['resource.service.name', false],
    ['resource.color', true],
    ['span.service.name', true],
  ] as const) {
    const selector = tagSelector(tag, '')
    const fields = bulkQuery(traceMatch(byService), { selector }, 'service').split('select')[1] ?? ''
    t.equal(fields.includes(tag), isSelected, tag)
  }
})

t.test('reads the grouping attribute where it is: of the resource or of the span', async (t) => {
  const match = traceMatch(byService)
  for (const spread of ['service', 'duration'] as const) {
    const ofResource = { selector: byService, group: { scope: 'resource', key: 'env' } } as const
    t.ok(bulkQuery(match, ofResource, spread).includes('resource.env'), spread)
    const ofSpan = { selector: byService, group: { scope: 'span', key: 'env' } } as const
    t.ok(bulkQuery(match, ofSpan, spread).includes('span.env'), spread)
  }
})
