import { environmentName } from '../../src/config/file/environment.ts'
import type { Key } from '../../src/config/sections/schema-keys.ts'

/** Valid values that differ from the default, as text. */
const texts: Record<string, string> = {
  'server.host': '0.0.0.0',
  'log.level': 'warn',
  'graph.name': 'shop',
  graphs: '{"a":{}}',
  'query.use_tag_as_node': 'false',
  'query.user_node': 'true',
  'query.count_by': 'span',
  'query.identity': '["service.name"]',
  'query.span_names': 'templates',
  'query.exclude': '["^GET /health"]',
  'query.transparent': '["^envoy$"]',
  'query.peer_aliases': '["10.0.0.0/8 = internal"]',
  'query.failed_when': '["http 500-599"]',
  'query.level': 'service',
  'search.mode': 'blocks',
  'tempo.url': 'http://tempo:3200',
  'tempo.headers': '{"x-a":"b"}',
  'tempo.tenants': '["a"]',
  'tempo.ca_file': '',
  'nodegraph_provider.url': 'http://provider:9393',
  'nodegraph_provider.headers': '{"x-a":"b"}',
  'server.auth.tokens': '[{"name":"a","token":"0123456789abcdef","scopes":["read"]}]',
  'grafana.url': 'http://grafana:3000',
  'webhooks.rules': '[{"graph":"a"}]',
}

/** Keys that other keys need. */
const always = {
  TTA_TEMPO_URL: 'http://a',
  TTA_NODEGRAPH_PROVIDER_URL: 'http://a',
  TTA_WEBHOOKS_AUTH_HMAC_SECRET: 's',
}

/** A variable that sets a key to another value, and the environment that it needs. '' if no sample exists. */
export function sampleOf({ path, schema }: Key): { name: string; text: string; needed: NodeJS.ProcessEnv } {
  const numeric = schema.type === 'number' || schema.type === 'integer'
  const { maximum = 1024 } = schema as { maximum?: number }
  const text = texts[path.join('.')] ?? (numeric ? String(Math.min(1024, maximum)) : 'sample')
  const name = environmentName(path)
  const basic = name.replace(/_(USERNAME|PASSWORD)$/, '')
  const paired = path.includes('basic_auth') ? { [`${basic}_USERNAME`]: 'u', [`${basic}_PASSWORD`]: 'p' } : {}
  return { name, text, needed: { ...always, ...paired } }
}
