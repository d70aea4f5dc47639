import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import t from 'tap'
import { parseArguments } from '../../src/cli/parse-arguments.ts'

const run = promisify(execFile)
const dockerfile = readFileSync('deploy/Dockerfile', 'utf8')
const ignored = readFileSync('deploy/Dockerfile.dockerignore', 'utf8')
const unit = readFileSync('deploy/tta.service', 'utf8')
const manifest = JSON.parse(readFileSync('package.json', 'utf8'))

t.test('files that the image copies exist and are in the build context', async (t) => {
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, files = '']) =>
    files.split(' '),
  )
  t.ok(copied.length > 6)
  for (const file of copied) {
    t.ok(existsSync(file), file)
    t.ok(ignored.includes(`!${file.replace('./', '')}\n`), `${file} is not ignored`)
  }
  const unbuilt = manifest.files.filter((file: string) => !/^!?dist\//.test(file))
  for (const file of [...unbuilt, 'README.md', 'LICENSE'])
    t.ok(copied.includes(file) || copied.includes(`./${file}`), `the package in the image has ${file}`)
})

t.test('the labels of the image agree with the package', async (t) => {
  const label = (name: string) =>
    new RegExp(`org\\.opencontainers\\.image\\.${name}="([^"]*)"`).exec(dockerfile)?.[1]
  t.match(dockerfile, `\nARG VERSION=${manifest.version}\n`)
  t.match(label('version'), /^.\{VERSION\}$/)
  t.match(dockerfile, `${manifest.name}-*.tgz`)
  t.equal(label('description'), manifest.description)
  t.equal(label('licenses'), manifest.license)
  t.equal(`git+${label('source')}.git`, manifest.repository.url)
  t.equal(label('documentation'), manifest.homepage)
})

t.test(
  'the image runs a command line that tta understands, not as root, on a Node.js it supports',
  async (t) => {
    const json = (keyword: string) =>
      JSON.parse(new RegExp(`^${keyword} (\\[.*\\])$`, 'm').exec(dockerfile)?.[1] ?? '')
    t.same(json('ENTRYPOINT'), ['node', '/app/dist/main.js'])
    t.doesNotThrow(() => parseArguments(json('CMD')))
    t.match(dockerfile, /^USER [1-9]\d*:[1-9]\d*$/m)
    const [, major] = /^FROM node:(\d+)-slim$/m.exec(dockerfile) ?? []
    t.ok(Number(major) >= 20)
    t.notOk(/curl|latest|ADD /.test(dockerfile))
  },
)

t.test('the health check of the image tells a tta that answers from one that does not', async (t) => {
  const [, command = ''] = /HEALTHCHECK .*\n {2}CMD (\[.*\])$/m.exec(dockerfile) ?? []
  const [, ...args] = JSON.parse(command) as string[]
  const { createServer } = await import('node:http')
  let status = 200
  const server = createServer((request, response) => {
    response.writeHead(request.url === '/health/live' ? status : 404).end()
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as { port: number }
  const check = () =>
    run(process.execPath, args, { env: { TTA_SERVER_PORT: String(port) } }).then(
      () => 0,
      ({ code }) => code,
    )
  t.equal(await check(), 0)
  status = 503
  t.equal(await check(), 1)
  server.close()
  server.closeAllConnections()
  t.equal(await check(), 1)
})

t.test('the systemd unit starts, reloads and stops tta as tta wants it', async (t) => {
  const value = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1] ?? ''
  const [program, main, ...argv] = value('ExecStart').split(' ')
  t.same([program, main], ['/usr/bin/node', '/opt/tta/dist/main.js'])
  t.equal(parseArguments(argv).command, 'serve')
  t.equal(value('ExecReload'), '/bin/kill -HUP $MAINPID')
  t.ok(Number(value('TimeoutStopSec')) > 10, 'longer than tta takes at most')
  for (const key of ['DynamicUser', 'NoNewPrivileges', 'PrivateTmp', 'ProtectHome'])
    t.equal(value(key), 'yes', key)
  t.equal(value('ProtectSystem'), 'strict')
  const [, heapMiB] = /--max-old-space-size=(\d+)$/.exec(value('Environment')) ?? []
  t.ok(
    Number(heapMiB) < 1024 * Number(/^(\d+)G$/.exec(value('MemoryMax'))?.[1]),
    'room for more than the heap',
  )
  t.ok(Number(value('TasksMax')) >= 32)
  t.ok(Number(value('LimitNOFILE')) >= 4096)
  t.notOk(/^MemoryDenyWriteExecute/m.test(unit), 'which the JIT compiler cannot live with')
})
