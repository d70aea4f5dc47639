import type { ConfigOverrides } from '../config/file/load.ts'

export type Command = 'build' | 'serve' | 'demo'

/** Where an option's value goes: a key of the configuration file, or a parameter that only a request has. */
type Target = { key: readonly [section: keyof ConfigOverrides, key: string] } | { parameter: 'from' | 'to' }

export interface Option {
  /** Long name; `_` may be written for `-`, as the Python demo does. */
  name: string
  short?: string
  /** What stands for the value in the help; without it the option is a switch. */
  value?: string
  /** The value may be left out, and is `true` then. */
  optionalValue?: boolean
  help: string
  commands: readonly Command[]
  target?: Target
}

const all = ['build', 'serve', 'demo'] as const
const parameters = ['build', 'serve'] as const
const build = ['build'] as const

/** Every option, in the order of the help. Short names are the Python demo's. */
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
    help: 'tag to select on: resource.x, span.x or x',
    commands: parameters,
    target: { key: ['query', 'tag'] },
  },
  {
    name: 'filter',
    short: 'f',
    value: 'REGEX',
    help: "RE2 pattern on the tag's value, unanchored",
    commands: parameters,
    target: { key: ['query', 'filter'] },
  },
  {
    name: 'query',
    value: 'TRACEQL',
    help: 'further spanset filter, { status = error }',
    commands: parameters,
    target: { key: ['query', 'query'] },
  },
  {
    name: 'tenant',
    value: 'NAME',
    help: 'tenant of Tempo; several joined by |',
    commands: parameters,
    target: { key: ['tempo', 'tenant'] },
  },
  {
    name: 'sampling-attribute',
    value: 'NAME',
    help: 'attribute with the share of spans kept',
    commands: parameters,
    target: { key: ['query', 'sampling_attribute'] },
  },
  {
    name: 'use-tag-as-node',
    short: 'n',
    value: 'true|false',
    optionalValue: true,
    help: 'a node for every value of the tag',
    commands: parameters,
    target: { key: ['query', 'use_tag_as_node'] },
  },
  {
    name: 'user-node',
    value: 'true|false',
    optionalValue: true,
    help: 'a node for unnamed callers of services',
    commands: parameters,
    target: { key: ['query', 'user_node'] },
  },
  { name: 'not-use-tag-as-node', help: 'no such nodes', commands: parameters },
  {
    name: 'service-node-sub-title',
    short: 'T',
    value: 'TEXT',
    help: 'subTitle of these nodes',
    commands: parameters,
    target: { key: ['query', 'service_node_sub_title'] },
  },
  {
    name: 'trace-threshold-ms',
    short: 'L',
    value: 'MS',
    help: 'a call longer than this counts as slow',
    commands: parameters,
    target: { key: ['query', 'trace_threshold_ms'] },
  },
  {
    name: 'search-from',
    short: 's',
    value: 'SEC',
    help: 'length of the window that ends now',
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
    help: 'end, exclusive; written as --from',
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
  {
    name: 'level',
    value: 'LEVEL',
    help: 'a node per operation or service, or both',
    commands: parameters,
    target: { key: ['query', 'level'] },
  },
  {
    name: 'limit',
    value: 'TRACES',
    help: 'most traces to read',
    commands: parameters,
    target: { key: ['query', 'limit'] },
  },
  {
    name: 'loop-interval',
    short: 'l',
    value: 'SEC',
    help: 'build again every SEC seconds; 0: once',
    commands: build,
    target: { key: ['loop', 'interval'] },
  },
  { name: 'dry-run', help: 'build and show, hand nothing on', commands: build },
  { name: 'json', help: 'print each summary as one line of JSON', commands: build },
  { name: 'format', value: 'FORM', help: 'json, dot, mermaid, svg, csv or graphml', commands: build },
  { name: 'part', value: 'nodes|edges', help: 'which table of csv; default edges', commands: build },
  { name: 'focus', value: 'NODE', help: 'of that form only what is near a node', commands: build },
  { name: 'hops', value: 'N', help: 'how near, in calls; default 1', commands: build },
  { name: 'max-nodes', value: 'N', help: 'most nodes of the form; others are folded', commands: build },
  { name: 'quiet', help: 'print no table and no progress', commands: build },
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
    help: 'port to listen on; 0: any free one',
    commands: ['serve'],
    target: { key: ['server', 'port'] },
  },
  { name: 'port', value: 'PORT', help: 'port to listen on, and no other', commands: ['demo'] },
  { name: 'to', value: 'URL', help: 'only send the traces, to an OTLP receiver', commands: ['demo'] },
  { name: 'once', help: 'end after the first graph', commands: ['demo'] },
  {
    name: 'config',
    short: 'c',
    value: 'FILE',
    help: 'configuration; default config.yml, if any',
    commands: parameters,
  },
  { name: 'help', short: 'h', help: 'print this', commands: all },
  { name: 'version', short: 'V', help: 'print the version', commands: all },
]

export const optionsOf = (command: Command) => options.filter(({ commands }) => commands.includes(command))
