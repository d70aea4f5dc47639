import { readdirSync, readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { buildApp } from '../../../src/app.ts'
import { defaultConfig } from '../../../src/config/file/load.ts'
import { createLogger } from '../../../src/operations/logger.ts'
import { expectedLinks } from '../../cases/reported-links.ts'

/** All cases start here, Unix ms. */
const caseMs = 1_700_000_000_000
const folder = new URL('../../cases/reported/', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.json'))

async function start(t: Test) {
  const now = () => caseMs + 60_000
  const { app, close } = await buildApp(defaultConfig(), { logger: createLogger('silent'), now })
  t.teardown(close)
  return app
}

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

for (const file of files) {
  const expected = expectedLinks[file.replace('.json', '')]
  if (expected === undefined) continue
  t.test(`shows the service graph of ${file}`, async (t) => {
    const app = await start(t)
    const payload = JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
    const sent = await app.inject({ method: 'POST', url: '/v1/traces', payload })
    t.equal(sent.statusCode, 200)
    const range = `from=${caseMs - 7_200_000}&to=${caseMs + 60_000}`
    const answer = await app.inject(`/graphs/case?level=service&useTagAsNode=false&${range}`)
    t.equal(answer.statusCode, 200, answer.body.slice(0, 200))
    t.same(linkTexts(answer.json()), [...expected].sort())
  })
}
