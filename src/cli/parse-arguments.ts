import { parseArgs } from 'node:util'
import { closest } from '../base/schema-errors.ts'
import { normalizeArgv, truthOf } from './normalize-argv.ts'
import { type Command, type Option, options, optionsOf } from './options.ts'
import { UsageError } from './usage-error.ts'

export interface Arguments {
  command: Command
  /** By long name; a switch that is on is `true`. */
  values: Map<string, string>
}

/**
 * Reads a command line, without node and script. An option given twice counts as it was given last.
 *
 * @throws {UsageError}
 */
export function parseArguments(argv: readonly string[]): Arguments {
  const [command, rest] = splitCommand(argv)
  const known = optionsOf(command)
  const { tokens } = parseArgs({
    args: normalizeArgv(rest),
    options: Object.fromEntries(
      known.map(({ name, short, value, optionalValue }) => [
        name,
        { type: value && !optionalValue ? 'string' : 'boolean', ...(short ? { short } : {}) },
      ]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const values = new Map<string, string>()
  for (const token of tokens) {
    if (token.kind === 'positional') throw new UsageError(unexpected(token.value))
    if (token.kind === 'option-terminator') continue
    const option = known.find(({ name }) => name === token.name)
    if (option === undefined) throw new UsageError(unknownOption(token.rawName, command, known))
    take(option, token, values)
  }
  return { command, values }
}

function splitCommand(argv: readonly string[]): [Command, readonly string[]] {
  const [first = ''] = argv
  if (first === 'serve' || first === 'demo') return [first, argv.slice(1)]
  if (first === '' || first.startsWith('-')) return ['build', argv]
  const meant = closest(first, ['serve', 'demo'])
  const hint = meant === undefined ? 'the commands are serve and demo' : `did you mean ${meant}?`
  throw new UsageError(`${JSON.stringify(first)} is not a command; ${hint}`)
}

interface OptionToken {
  rawName: string
  value?: string | undefined
  inlineValue?: boolean | undefined
}

function take(option: Option, { rawName, value, inlineValue }: OptionToken, values: Map<string, string>) {
  if (option.name === 'not-use-tag-as-node' && value === undefined) values.set('use-tag-as-node', 'false')
  else if (option.value === undefined || option.optionalValue) {
    const word = value === undefined ? 'true' : option.optionalValue ? truthOf(value) : undefined
    if (word !== undefined) values.set(option.name, word)
    else if (option.optionalValue) throw new UsageError(`${rawName} must be true or false`)
    else throw new UsageError(`${rawName} is a switch and takes no value`)
  } else {
    // `-g -t x` has forgotten the name of the graph; -5 is a number, which the check of the value may refuse.
    const forgotten = !inlineValue && value !== undefined && /^-[^\d.]/.test(value)
    if (value === undefined || forgotten) {
      const hint = forgotten ? ` (one that begins with - is written --${option.name}=${option.value})` : ''
      throw new UsageError(`${rawName} needs a value: ${option.value}${hint}`)
    }
    values.set(option.name, value)
  }
}

function unknownOption(rawName: string, command: Command, known: readonly Option[]): string {
  const name = rawName.replace(/^-+/, '')
  const elsewhere = options.find((option) => [option.name, option.short].includes(name))
  if (elsewhere !== undefined) {
    const there = elsewhere.commands.map((other) => (other === 'build' ? 'tta' : `tta ${other}`))
    const here = command === 'build' ? 'tta' : `tta ${command}`
    return `${rawName} is an option of ${there.join(' and ')}, not of ${here}`
  }
  const names = known.map((option) => `--${option.name}`)
  const begun = names.find((other) => name.length > 1 && other.startsWith(`--${name}`))
  const meant = begun ?? closest(`--${name}`, names)
  const help = command === 'build' ? 'tta --help' : `tta ${command} --help`
  const hint = meant === undefined ? `see ${help}` : `did you mean ${meant}?`
  return `${rawName} is not a known option; ${hint}`
}

function unexpected(argument: string): string {
  const hint = ['serve', 'demo'].includes(argument)
    ? `: a command comes first, tta ${argument} [options]`
    : ''
  return `unexpected argument ${JSON.stringify(argument)}${hint}`
}
