import { type Command, type Option, optionsOf } from './options.ts'

const about: Record<Command, string> = {
  build: `Usage: tta [options]           build a graph, or one every few seconds
       tta serve [options]     run the HTTP service
       tta demo [options]      show it all on a made-up shop

Reads every trace of a time window out of Grafana Tempo, makes a node graph
of who calls whom, and hands it to nodegraph-provider.

Needs tempo.url in config.yml, or TTA_TEMPO_URL. Options go before the
environment, and that before config.yml. Option names may be written with _
for -. More on each command: tta serve --help, tta demo --help.

Exit status: 0 complete or empty, 3 partial, 1 failed.`,
  serve: `Usage: tta serve [options]

Runs the HTTP service; its API is described at /docs. Without tempo.url it
takes traces itself, by OTLP at POST /v1/traces. The options that describe a
graph are defaults for requests that say nothing.`,
  demo: `Usage: tta demo [options]

Runs tta with nothing but itself: sends it the traces of a made-up shop, has
a graph built and shows it. Goes on with new traces until Ctrl-C. Takes
neither config.yml nor TTA_ variables. Listens on port 8080, or on another
one where that is taken.`,
}

/** The help of a command: at most 80 columns, every option in it. */
export function helpText(command: Command): string {
  const rows = optionsOf(command).map((option) => [usage(option), option.help] as const)
  const width = Math.max(...rows.map(([written]) => written.length))
  const lines = rows.map(([written, help]) => `  ${written.padEnd(width)}  ${help}`)
  return `${about[command]}\n\nOptions:\n${lines.join('\n')}\n`
}

function usage({ name, short, value, optionalValue }: Option): string {
  const written = short === undefined ? `    --${name}` : `-${short}, --${name}`
  if (value === undefined) return written
  return optionalValue ? `${written} [${value}]` : `${written} ${value}`
}
