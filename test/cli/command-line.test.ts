import t from 'tap'
import { configOverrides, requestParameters } from '../../src/cli/configure.ts'
import { helpText } from '../../src/cli/help.ts'
import { optionsOf } from '../../src/cli/options.ts'
import { parseArguments } from '../../src/cli/parse-arguments.ts'
import { loadConfig } from '../../src/config/file/load.ts'
import { defaultParameters } from '../../src/model/parameters.ts'
import { buildSettings } from '../../src/wiring/builds.ts'

/** Returns the parameters of a build with this command line and no other configuration. */
function parametersOf(...argv: string[]) {
  const { values } = parseArguments(argv)
  const config = loadConfig({ env: {}, overrides: configOverrides(values) })
  return { ...buildSettings(config).defaults, ...requestParameters(values), loopSec: config.loop.interval }
}

const defaults = { ...defaultParameters, loopSec: 0 }

t.test('accepts every option of the demo in all spellings', async (t) => {
  const cases: [spellings: string[][], changes: Partial<ReturnType<typeof parametersOf>>][] = [
    [[['-g', 'x'], ['-gx'], ['-g=x'], ['--graph', 'x'], ['--graph=x']], { graph: 'x' }],
    [
      [
        ['-t', 'span.user'],
        ['--tag', 'span.user'],
      ],
      { tag: 'span.user' },
    ],
    [[['-f', 'cart.*'], ['-f=cart.*'], ['--filter', 'cart.*']], { filter: 'cart.*' }],
    [
      [
        ['-n', 'false'],
        ['-n', 'False'],
        ['-n=false'],
        ['-nfalse'],
        ['-n', '0'],
        ['-n', 'no'],
        ['--use_tag_as_node', 'false'],
        ['--use-tag-as-node=false'],
        ['--not_use_tag_as_node'],
        ['--not-use-tag-as-node'],
        ['-n', '--not_use_tag_as_node'],
      ],
      { useTagAsNode: false },
    ],
    [
      [
        ['-n'],
        ['-n', 'true'],
        ['-n', 'True'],
        ['-n', '1'],
        ['--use_tag_as_node'],
        ['--use-tag-as-node', 'yes'],
        ['--not_use_tag_as_node', '-n'],
      ],
      { useTagAsNode: true },
    ],
    [
      [['-T', 'A title'], ['--service_node_sub_title', 'A title'], ['--service-node-sub-title=A title']],
      { serviceNodeSubTitle: 'A title' },
    ],
    [
      [['-L', '12.5'], ['-L12.5'], ['--trace_threshold_ms', '12.5'], ['--trace-threshold-ms', '12.5']],
      { traceThresholdMs: 12.5 },
    ],
    [[['-l', '60'], ['--loop_interval', '60'], ['--loop-interval=60']], { loopSec: 60 }],
    [
      [
        ['-s', '1200'],
        ['--search_from', '1200'],
        ['--search-from', '1200'],
      ],
      { searchFrom: 1200 },
    ],
    [
      [['-m', 'ingester'], ['--search_mode', 'ingester'], ['--search-mode=ingester']],
      { searchMode: 'ingester' },
    ],
    [[['--query', '{ status = error }']], { query: '{ status = error }' }],
    [[['--span-names', 'templates']], { spanNames: 'templates' }],
    [[['--exclude', '^a{1,2}$,b']], { exclude: ['^a{1,2}$', 'b'] }],
    [[['--transparent', '["envoy,x"]']], { transparent: ['envoy,x'] }],
    [[['--peer-aliases', '^a = b,::/0 = c']], { peerAliases: ['^a = b', '::/0 = c'] }],
    [[['--failed-when', 'http 500-599,not grpc 1']], { failedWhen: ['http 500-599', 'not grpc 1'] }],
    [[['--from', 'now-20m', '--to', '1748770000']], { from: 'now-20m', to: '1748770000' }],
    [[['--limit', '10'], ['--limit=10']], { limit: 10 }],
    [[['--level', 'operation']], { level: 'operation' }],
    [[['--dry-run'], ['--dry_run']], { dryRun: true }],
    [[['-g', 'x', '-g', 'y']], { graph: 'y' }],
    [[['--filter=-a', '--tag=a_b']], { filter: '-a', tag: 'a_b' }],
    [[['-f', '', '-T', '']], { filter: '', serviceNodeSubTitle: '' }],
    [[['-nL', '7']], { useTagAsNode: true, traceThresholdMs: 7 }],
    [[[]], {}],
  ]
  for (const [spellings, changes] of cases) {
    for (const argv of spellings) t.same(parametersOf(...argv), { ...defaults, ...changes }, argv.join(' '))
  }
})

t.test('accepts all short options together', async (t) => {
  const line = '-g micro -t service.name -f cart.* -n -T Title -L 40 -l 60 -s 1200 -m ingester -c my.yml'
  const { command, values } = parseArguments(line.split(' '))
  t.equal(command, 'build')
  t.equal(values.get('config'), 'my.yml')
  t.match(parametersOf(...line.split(' ')), {
    graph: 'micro',
    filter: 'cart.*',
    useTagAsNode: true,
    serviceNodeSubTitle: 'Title',
    traceThresholdMs: 40,
    loopSec: 60,
    searchFrom: 1200,
    searchMode: 'ingester',
  })
})

t.test('reads the command first, then its own options', async (t) => {
  t.same(parseArguments(['serve', '--port', '0']), { command: 'serve', values: new Map([['port', '0']]) })
  t.same(parseArguments(['demo', '--once']), { command: 'demo', values: new Map([['once', 'true']]) })
  t.same(parseArguments([]), { command: 'build', values: new Map() })
})

t.test('reports a mistake in one line and suggests a correction', async (t) => {
  const cases: [argv: string[], message: RegExp][] = [
    [['--grpah', 'x'], /^unknown option --grpah; did you mean --graph\?$/],
    [['--loop', '5'], /did you mean --loop-interval\?$/],
    [['--trace_treshold_ms=5'], /^unknown option --trace-treshold-ms; did you mean --trace-threshold-ms\?$/],
    [['--zzz=s3cret'], /^unknown option --zzz; see tta --help$/],
    [['serve', '-z'], /^unknown option -z; see tta serve --help$/],
    [['--once'], /^--once is an option of tta demo, not of tta$/],
    [['--port', '1'], /^--port is an option of tta serve, not of tta$/],
    [['serve', '--json'], /^--json is an option of tta, not of tta serve$/],
    [['srve'], /^unknown command "srve"; did you mean serve\?$/],
    [['x'], /^unknown command "x"; the commands are serve and demo$/],
    [
      ['-g', 'x', 'serve'],
      /^unexpected argument "serve": the command must come first, as in tta serve \[options\]$/,
    ],
    [['-g', 'x', 'y'], /^unexpected argument "y"$/],
    [['-g'], /^-g requires a value: NAME$/],
    [['--graph', '-t', 'x'], /^--graph requires a value: NAME \(write --graph=NAME if it starts with -\)$/],
    [['-n', 'maybe'], /^-n must be true or false, not "maybe"$/],
    [['--use-tag-as-node=maybe'], /^--use-tag-as-node must be true or false$/],
    [['--json=1'], /^--json does not take a value$/],
    [['--not-use-tag-as-node=1'], /does not take a value/],
  ]
  for (const [argv, message] of cases) t.throws(() => parseArguments(argv), { message }, argv.join(' '))
  const both = parseArguments(['--from', 'now-1h', '-s', '5']).values
  t.throws(() => requestParameters(both), { message: /--from and --search-from are mutually exclusive/ })
})

t.test('lists every option of a command in its help, in 80 columns', async (t) => {
  for (const command of ['build', 'serve', 'demo'] as const) {
    const help = helpText(command)
    for (const { name, short, help: text } of optionsOf(command)) {
      t.ok(help.includes(`--${name}`) && help.includes(text), `${command}: --${name}`)
      if (short !== undefined) t.ok(help.includes(`-${short}, --${name}`), `${command}: -${short}`)
    }
    const long = help.split('\n').filter((line) => line.length > 80)
    t.same(long, [], `${command} fits`)
  }
})
