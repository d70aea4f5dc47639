import t from 'tap'
import { loadConfig } from '../../src/config/file/load.ts'
import { createLiveConfig } from '../../src/config/reload.ts'
import { keys } from '../../src/config/sections/schema-keys.ts'
import { sampleOf } from './samples.ts'

t.test('a reload names every key that changed, as the file does', async (t) => {
  for (const key of keys) {
    const { name, text, needed } = sampleOf(key)
    const path = key.path.join('.')
    if (text === '') continue
    const config = loadConfig({ env: needed })
    const next = loadConfig({ env: { ...needed, [name]: text } })
    const { applied, needsRestart } = createLiveConfig(config, () => next).reload()
    const named = path === 'graphs' ? 'graphs.a' : path === 'query.tag_filter' ? 'query.filter' : path
    t.same([...applied, ...needsRestart], [named])
  }
})

t.test('a change that needs a restart is reported by every reload', async (t) => {
  const config = loadConfig({ env: {} })
  let env: NodeJS.ProcessEnv = { TTA_WEBHOOKS_AUTH_BEARER_TOKEN: 'a', TTA_SERVER_PORT: '1' }
  const live = createLiveConfig(config, () => loadConfig({ env }))
  const changed = ['server.port', 'webhooks.auth.bearer_token']
  t.same(live.reload(), { applied: [], needsRestart: changed }, 'senders had no credentials at the start')
  t.same(live.reload(), { applied: [], needsRestart: changed })
  t.equal(live.current.server.port, 8080)
  env = {}
  t.same(live.reload(), { applied: [], needsRestart: [] })
})

t.test('a reload puts live keys into force and calls the listeners of their parts', async (t) => {
  const config = loadConfig({ env: {} })
  let env: NodeJS.ProcessEnv = { TTA_LOG_LEVEL: 'warn', TTA_TEMPO_TENANT: 'a', TTA_TEMPO_URL: 'http://a' }
  const live = createLiveConfig(config, () => loadConfig({ env }))
  const levels: string[] = []
  live.onChange(['log.level', 'graph'], ({ log }) => levels.push(log.level))
  live.onChange(['webhooks.rules'], () => levels.push('no rule changed'))
  const tenant = live.derive(({ tempo }) => ({ of: tempo.tenant }))
  t.equal(tenant(), tenant(), 'computed once')
  t.same(live.reload(), { applied: ['log.level', 'tempo.tenant'], needsRestart: ['tempo.url'] })
  t.same(tenant(), { of: 'a' })
  t.throws(() => Object.assign(live.current.log, { level: 'x' }), TypeError, 'frozen')
  env = { TTA_LOG_LEVEL: 'debug', TTA_TEMPO_URL: 'http://a', TTA_TEMPO_PAD_SEC: '1' }
  t.same(live.reload().applied, ['log.level', 'tempo.tenant'])
  t.same(tenant(), { of: undefined })
  t.same(levels, ['warn', 'debug'])
})
