import t from 'tap'
import { loadConfig } from '../../src/config/file/load.ts'
import { createReload } from '../../src/config/reload.ts'
import { keys } from '../../src/config/sections/keys.ts'
import { sampleOf } from './samples.ts'

/** Keys that are one value by the time they are used: which of them was changed is not known any more. */
const known: Record<string, string> = {
  'tempo.basic_auth.username': 'tempo.headers',
  'tempo.basic_auth.password': 'tempo.headers',
  'tempo.bearer_token': 'tempo.headers',
  'query.tag_filter': 'query.filter',
}

t.test('a reload names every key that has changed as the file does, or its section', async (t) => {
  for (const key of keys) {
    const { name, text, needed } = sampleOf(key)
    const config = loadConfig({ env: needed })
    const next = loadConfig({ env: { ...needed, [name]: text } })
    const { applied, needsRestart } = createReload({ config, read: () => next, live: {} })()
    t.same(applied, [])
    const path = key.path.join('.')
    const names = [
      known[path] ?? path,
      ...key.path.map((_, length) => key.path.slice(0, length + 1).join('.')),
    ]
    const named = needsRestart.filter((one) => names.includes(one) || one.startsWith(`${path}.`))
    t.same(needsRestart.length > 0, text !== '' && path !== 'query.level', `${path} is noticed`)
    t.same(named, needsRestart, `${path}, and nothing else`)
  }
})

t.test('what cannot be put into force this time is told until a restart', async (t) => {
  const config = loadConfig({ env: {} })
  const next = loadConfig({ env: { TTA_LOG_LEVEL: 'warn' } })
  let isPossible = false
  const reload = createReload({ config, read: () => next, live: { 'log.level': () => isPossible } })
  t.same(reload(), { applied: [], needsRestart: ['log.level'] })
  isPossible = true
  t.same(reload(), { applied: ['log.level'], needsRestart: [] })
  t.same(reload(), { applied: [], needsRestart: [] })
})
