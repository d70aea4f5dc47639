import { type Command, type Option, optionsOf } from './options.ts'

const about: Record<Command, string> = {
  build: `${[
    'Usage: tta [options]           build a graph once, or at an interval',
    '       tta serve [options]     run the HTTP service',
    '       tta demo [options]      show tta with traces of a sample shop',
  ].join('\n')}

Reads all traces of a time window from Grafana Tempo, builds a node graph of
the calls between services, and sends it to nodegraph-provider.

Requires tempo.url in config.yml or TTA_TEMPO_URL. Options override the
environment, which overrides config.yml. Option names may contain _ instead
of -. Help on the commands: tta serve --help, tta demo --help.

Exit status: 0 complete or empty, 3 partial, 1 failed.`,
  serve: `Usage: tta serve [options]

Runs the HTTP service. Its API is documented at /docs. Without tempo.url it
receives traces itself, over OTLP at POST /v1/traces. Options that describe a
graph are the defaults for requests.`,
  demo: `Usage: tta demo [options]

Runs tta without Tempo: sends it traces of a sample shop, builds a graph and
shows it. Sends new traces until Ctrl-C. Ignores config.yml and TTA_
variables. Listens on port 8080, or on a free port if 8080 is in use.`,
}

/** Returns the help of a command with all its options, at most 80 columns wide. */
export function helpText(command: Command): string {
  const rows = optionsOf(command).map((option) => [usage(option), option.help] as const)
  const width = Math.max(...rows.map(([text]) => text.length))
  const lines = rows.map(([text, help]) => `  ${text.padEnd(width)}  ${help}`)
  return `${about[command]}\n\nOptions:\n${lines.join('\n')}\n`
}

function usage({ name, short, value, optionalValue }: Option): string {
  const names = short === undefined ? `    --${name}` : `-${short}, --${name}`
  if (value === undefined) return names
  return optionalValue ? `${names} [${value}]` : `${names} ${value}`
}
