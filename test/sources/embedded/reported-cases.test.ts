import { readdirSync } from 'node:fs'
import t from 'tap'
import { expectedLinks } from '../../cases/reported-links.ts'
import { encodings, startWithCase } from '../../support/reported-case.ts'

const folder = new URL('../../cases/reported/', import.meta.url)
/** Its spans are older than the window: `test/builds/aggregation/trace-that-never-ends.test.ts` has it. */
const elsewhere = ['31-trace-that-never-ends']
const cases = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.replace('.json', ''))
  .filter((name) => !elsewhere.includes(name))

interface Row {
  id: string
  title: string
  subTitle: string
  detail__role: string
  selfCalls: number
}
interface Edge {
  source: string
  target: string
  count: number
  failed: number
}

const marks: Record<string, string> = { database: '<d>', messaging: '<m>', external: '<e>', user: '<u>' }

/** Edges as `a -> b<m> 2 (1 failed)`, sorted; self calls as `a -> a 1`. */
function linkTexts({ nodes, edges }: { nodes: Row[]; edges: Edge[] }): string[] {
  const name = (id: string) => {
    const row = nodes.find((node) => node.id === id)
    return `${row?.title}${marks[row?.detail__role ?? ''] ?? ''}`
  }
  const texts = edges.map(({ source, target, count, failed }) => {
    const failures = failed === 0 ? '' : ` (${failed} failed)`
    return `${name(source)} -> ${name(target)} ${count}${failures}`
  })
  for (const { title, selfCalls } of nodes) if (selfCalls > 0) texts.push(`${title} -> ${title} ${selfCalls}`)
  return texts.sort()
}

t.same(cases, Object.keys(expectedLinks).sort(), 'every case has links that were counted by hand')

for (const [name, expected] of Object.entries(expectedLinks)) {
  t.test(`shows the service graph of ${name}`, async (t) => {
    for (const encoding of encodings) {
      const { graphAt } = await startWithCase(t, name, encoding)
      t.same(linkTexts(await graphAt({ level: 'service' })), [...expected].sort(), encoding)
    }
  })
}
