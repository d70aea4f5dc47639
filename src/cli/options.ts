import type { ConfigOverrides } from '../config/file/load.ts'

export type Command = 'build' | 'serve' | 'demo'

/** Destination of an option's value: a key of the configuration, or a parameter of the request. */
type Target = { key: readonly [section: keyof ConfigOverrides, key: string] } | { parameter: 'from' | 'to' }

export interface Option {
  /** Long name. Users may write `_` for `-`, as in the Python demo. */
  name: string
  short?: string
  /** Placeholder of the value in the help. An option without it is a switch. */
  value?: string
  /** Whether the value may be omitted, which means `true`. */
  optionalValue?: boolean
  help: string
  commands: readonly Command[]
  target?: Target
}

const all = ['build', 'serve', 'demo'] as const
const parameters = ['build', 'serve'] as const
const build = ['build'] as const

/** An option for the key of its name in `query`. */
const queryOption = (name: string, value: string, help: string): Option => ({
  name,
  value,
  help,
  commands: parameters,
  target: { key: ['query', name.replaceAll('-', '_')] },
})

/** All options in the order of the help. The Python demo defines the short names. */
export const options: readonly Option[] = [
  {
    name: 'graph',
    short: 'g',
    value: 'NAME',
    help: 'name of the graph: a-z, 0-9, _ and -',
    commands: parameters,
    target: { key: ['graph', 'name'] },
  },
  {
    name: 'tag',
    short: 't',
    value: 'TAG',
    help: 'tag to filter by: resource.x, span.x or x',
    commands: parameters,
    target: { key: ['query', 'tag'] },
  },
  {
    name: 'filter',
    short: 'f',
    value: 'REGEX',
    help: 'unanchored RE2 pattern for the tag value',
    commands: parameters,
    target: { key: ['query', 'filter'] },
  },
  queryOption('query', 'TRACEQL', 'spanset filter, such as { status = error }'),
  {
    name: 'tenant',
    value: 'NAME',
    help: 'Tempo tenant, or several joined by |',
    commands: parameters,
    target: { key: ['tempo', 'tenant'] },
  },
  queryOption('group-by', 'NAME', 'attribute with the group of a span'),
  queryOption('sampling-attribute', 'NAME', 'attribute with the sampling rate of a span'),
  queryOption('span-names', 'MODE', 'as_is, or templates with * for ids'),
  queryOption('exclude', 'REGEX,...', 'leave out spans by service or name'),
  queryOption('transparent', 'REGEX,...', 'see through services such as proxies'),
  queryOption('peer-aliases', 'RULES', 'names for peers: 10.0.0.0/8 = internal'),
  queryOption('failed-when', 'RULES', 'codes that fail: http 500-599,not grpc 1'),
  queryOption('count-by', 'trace|span', 'count whole traces, or single spans'),
  {
    name: 'use-tag-as-node',
    short: 'n',
    value: 'true|false',
    optionalValue: true,
    help: 'add a node for every value of the tag',
    commands: parameters,
    target: { key: ['query', 'use_tag_as_node'] },
  },
  {
    name: 'user-node',
    value: 'true|false',
    optionalValue: true,
    help: 'add a node for users who start requests',
    commands: parameters,
    target: { key: ['query', 'user_node'] },
  },
  { name: 'not-use-tag-as-node', help: 'add no nodes for values of the tag', commands: parameters },
  {
    name: 'service-node-sub-title',
    short: 'T',
    value: 'TEXT',
    help: 'subtitle of these nodes',
    commands: parameters,
    target: { key: ['query', 'service_node_sub_title'] },
  },
  {
    name: 'trace-threshold-ms',
    short: 'L',
    value: 'MS',
    help: 'threshold above which a call is slow',
    commands: parameters,
    target: { key: ['query', 'trace_threshold_ms'] },
  },
  {
    name: 'search-from',
    short: 's',
    value: 'SEC',
    help: 'length of the window before now',
    commands: parameters,
    target: { key: ['search', 'from'] },
  },
  {
    name: 'from',
    value: 'TIME',
    help: 'start: epoch s or ms, ISO 8601, now-20m',
    commands: build,
    target: { parameter: 'from' },
  },
  {
    name: 'to',
    value: 'TIME',
    help: 'end, exclusive; same syntax as --from',
    commands: build,
    target: { parameter: 'to' },
  },
  {
    name: 'search-mode',
    short: 'm',
    value: 'MODE',
    help: 'all, ingesters (recent) or blocks (older)',
    commands: parameters,
    target: { key: ['search', 'mode'] },
  },
  queryOption('level', 'LEVEL', 'operation, service or both'),
  queryOption('limit', 'TRACES', 'maximum number of traces to read'),
  {
    name: 'loop-interval',
    short: 'l',
    value: 'SEC',
    help: 'build every SEC seconds; 0 means once',
    commands: build,
    target: { key: ['loop', 'interval'] },
  },
  { name: 'dry-run', help: 'build and show, but do not store or send', commands: build },
  { name: 'json', help: 'print each summary as one line of JSON', commands: build },
  {
    name: 'format',
    value: 'FORMAT',
    help: 'json, dot, mermaid, svg, csv or graphml',
    commands: build,
  },
  { name: 'part', value: 'nodes|edges', help: 'table to print as csv; default edges', commands: build },
  { name: 'focus', value: 'NODE', help: 'print only this node and its neighbours', commands: build },
  { name: 'hops', value: 'N', help: 'distance of neighbours in calls; default 1', commands: build },
  { name: 'fold', value: 'group', help: 'print one node for each group', commands: build },
  { name: 'max-nodes', value: 'N', help: 'maximum number of nodes; folds the others', commands: build },
  { name: 'quiet', help: 'do not print the report and the progress', commands: build },
  {
    name: 'host',
    value: 'ADDRESS',
    help: 'address to listen on',
    commands: ['serve'],
    target: { key: ['server', 'host'] },
  },
  {
    name: 'port',
    value: 'PORT',
    help: 'port to listen on; 0 means any free port',
    commands: ['serve'],
    target: { key: ['server', 'port'] },
  },
  { name: 'port', value: 'PORT', help: 'port to listen on; default 8080 or any free', commands: ['demo'] },
  { name: 'to', value: 'URL', help: 'only send the traces to this OTLP receiver', commands: ['demo'] },
  { name: 'once', help: 'exit after the first graph', commands: ['demo'] },
  {
    name: 'config',
    short: 'c',
    value: 'FILE',
    help: 'configuration file; default config.yml',
    commands: parameters,
  },
  { name: 'help', short: 'h', help: 'print this help', commands: all },
  { name: 'version', short: 'V', help: 'print the version', commands: all },
]

export const optionsOf = (command: Command) => options.filter(({ commands }) => commands.includes(command))

/** Returns how a command is called. */
export const commandLine = (command: Command) => (command === 'build' ? 'tta' : `tta ${command}`)
