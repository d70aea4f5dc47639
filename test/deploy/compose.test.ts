import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { parseArguments } from '../../src/cli/parse-arguments.ts'
import { loadConfig } from '../../src/config/file/load.ts'

interface Service {
  image: string
  build?: { context: string; dockerfile: string }
  command?: string[]
  environment?: Record<string, string>
  volumes?: string[]
  ports?: string[]
  depends_on?: string[]
}

const readText = (path: string) => readFileSync(path, 'utf8')
const { services } = parse(readText('compose.yaml')) as { services: Record<string, Service> }
const service = (name: string) => {
  const found = services[name]
  if (!found) throw new Error(`no service ${name}`)
  return found
}
/** Files that are mounted: where they are here, and where in the container. */
const mounts = ({ volumes = [] }: Service) =>
  volumes.map((volume) => volume.split(':') as [from: string, to: string])

t.test('mounts, builds and dependencies exist, and no port is open to the network', async (t) => {
  t.same(Object.keys(services).sort(), ['falkordb', 'grafana', 'nodegraph-provider', 'shop', 'tempo', 'tta'])
  for (const [name, { image, build, volumes = [], ports = [], depends_on = [], ...rest }] of Object.entries(
    services,
  )) {
    if (image !== 'tta') t.match(image, /^[\w./-]+:v?\d+\.\d+\.\d+$/, 'a version, not the latest of the day')
    for (const volume of volumes)
      t.ok(existsSync(volume.split(':')[0] ?? '') && volume.endsWith(':ro'), `${name}: ${volume}`)
    for (const port of ports) t.match(port, /^127\.0\.0\.1:\d+:\d+$/, name)
    for (const other of depends_on) t.ok(other in services)
    if (build) t.ok(existsSync(`${build.context}/${build.dockerfile}`))
    const known = ['command', 'environment', 'tmpfs', 'restart', 'read_only', 'cap_drop']
    t.same(
      Object.keys(rest).filter((key) => !known.includes(key)),
      [],
    )
  }
})

t.test('every address in the files leads to a service, at the port it listens on', async (t) => {
  const ports: Record<string, string[]> = {
    tempo: ['3200', '4318'],
    tta: ['8080'],
    'nodegraph-provider': ['9393'],
    falkordb: ['6379'],
  }
  const files = [
    'compose.yaml',
    'deploy/compose/tta.yml',
    'grafana/provisioning/datasources/tta.yaml',
    'grafana/provisioning/alerting/tta.yaml',
  ]
  for (const file of files) {
    const addresses = [...readText(file).matchAll(/http:\/\/([a-z-]+):(\d+)/g)].filter(
      ([, host]) => host !== 'localhost',
    )
    t.ok(addresses.length > 0, file)
    for (const [address, host = '', port = ''] of addresses)
      t.ok(ports[host]?.includes(port), `${file}: ${address}`)
  }
  const { redis, port } = parse(readText('grafana/nodegraph-provider/config.yaml'))
  t.same([redis.host, redis.port, port], ['falkordb', '6379', 9393])
  const tempo = parse(readText('deploy/compose/tempo.yaml'))
  t.equal(tempo.server.http_listen_port, 3200)
  t.equal(tempo.distributor.receivers.otlp.protocols.http.endpoint, '0.0.0.0:4318')
})

t.test('tta accepts the command lines and the configuration', async (t) => {
  for (const name of ['tta', 'shop']) t.doesNotThrow(() => parseArguments(service(name).command ?? []), name)
  const { values } = parseArguments(service('tta').command ?? [])
  const [[from, to] = ['', '']] = mounts(service('tta'))
  t.equal(values.get('config'), to)
  const env = { TTA_WEBHOOK_TOKEN: 'x'.repeat(16) }
  const config = loadConfig({ path: from, env })
  t.match(config, {
    tempo: { url: 'http://tempo:3200' },
    nodegraph_provider: { url: 'http://nodegraph-provider:9393' },
    server: { host: '0.0.0.0', port: 8080 },
  })
  const { graph_schemas } = parse(readText('grafana/nodegraph-provider/config.yaml'))
  const built = [...Object.keys(config.graphs), ...config.webhooks.rules.map(({ graph }) => graph)]
  t.same(built, Object.keys(graph_schemas), 'the provider knows every graph that is built')
  for (const graph of Object.values(config.graphs)) t.same(graph.schedule, { every_sec: 30 })
})

t.test('Grafana has every variable and folder that its files name', async (t) => {
  const { environment = {} } = service('grafana')
  const files = ['datasources', 'dashboards', 'alerting'].map((folder) =>
    readText(`grafana/provisioning/${folder}/tta.yaml`),
  )
  for (const [, name = ''] of files.join('\n').matchAll(/\$([A-Z_]+)/g)) t.ok(name in environment, name)
  t.equal(
    environment.TTA_WEBHOOK_TOKEN,
    service('tta').environment?.TTA_WEBHOOK_TOKEN,
    'one token on both sides',
  )
  const folders = mounts(service('grafana')).map(([, to]) => to)
  t.same(folders, ['/etc/grafana/provisioning', '/var/lib/grafana/dashboards'])
  t.match(files[1], 'path: /var/lib/grafana/dashboards\n')
  const home = environment.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH ?? ''
  t.ok(existsSync(home.replace('/var/lib/', '')), home)
  const types = [...(files[0] ?? '').matchAll(/type: ([\w-]+-datasource)/g)].map(([, type]) => type)
  t.same([...new Set(types)].sort(), environment.GF_PLUGINS_PREINSTALL_SYNC?.split(',').sort())
})
