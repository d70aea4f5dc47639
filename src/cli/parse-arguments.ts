import { parseArgs } from 'node:util'
import { closest } from '../base/schema-errors.ts'
import { UsageError } from './failure.ts'
import { type Command, commandLine, type Option, options, optionsOf } from './options.ts'

export interface Arguments {
  command: Command
  /** Values by long name. A switch has the value `true`. */
  values: Map<string, string>
}

/**
 * Parses a command line without node and script. The last occurrence of an option counts.
 *
 * @throws {UsageError}
 */
export function parseArguments(argv: readonly string[]): Arguments {
  const [command, rest] = splitCommand(argv)
  const known = optionsOf(command)
  const { tokens } = parseArgs({
    args: normalizeArguments(rest),
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
    if (token.kind === 'positional') throw new UsageError(unexpectedArgument(token.value))
    if (token.kind === 'option-terminator') continue
    const option = known.find(({ name }) => name === token.name)
    if (option === undefined) throw new UsageError(unknownOption(token.rawName, command, known))
    setValue(values, option, token)
  }
  return { command, values }
}

function splitCommand(argv: readonly string[]): [Command, readonly string[]] {
  const [first = ''] = argv
  if (first === 'serve' || first === 'demo') return [first, argv.slice(1)]
  if (first === '' || first.startsWith('-')) return ['build', argv]
  const meant = closest(first, ['serve', 'demo'])
  const hint = meant === undefined ? 'the commands are serve and demo' : `did you mean ${meant}?`
  throw new UsageError(`unknown command ${JSON.stringify(first)}; ${hint}`)
}

/** Values that the Python demo accepts after -n. */
const booleans: Record<string, string> = {
  true: 'true',
  yes: 'true',
  '1': 'true',
  false: 'false',
  no: 'false',
  '0': 'false',
}

const booleanOf = (text = ''): string | undefined => booleans[text.toLowerCase()]

/**
 * Rewrites spellings that `parseArgs` of node:util does not support: `_` in names, `-x=VALUE`, and the optional value
 * of `-n`.
 *
 * @throws {UsageError} if the value of `-n` is not a boolean
 */
function normalizeArguments(argv: readonly string[]): string[] {
  const args: string[] = []
  for (let at = 0; at < argv.length; at++) {
    const arg = withDashes(argv[at] ?? '')
    if (arg === '--') return [...args, ...argv.slice(at)]
    const attached = booleanOf(/^-n=?(.+)$/.exec(arg)?.[1])
    if (attached !== undefined) args.push(`--use-tag-as-node=${attached}`)
    else if (arg === '-n' || arg === '--use-tag-as-node') {
      const next = argv[at + 1]
      const isValue = next !== undefined && !next.startsWith('-')
      args.push(`--use-tag-as-node=${isValue ? requiredBoolean(arg, next) : 'true'}`)
      if (isValue) at++
    } else args.push(...splitShort(arg))
  }
  return args
}

function requiredBoolean(option: string, text: string): string {
  const value = booleanOf(text)
  if (value !== undefined) return value
  throw new UsageError(`${option} must be true or false, not ${JSON.stringify(text)}`)
}

function withDashes(arg: string): string {
  const [, name, inline = ''] = /^(--[^=]+)(=.*)?$/s.exec(arg) ?? []
  return name === undefined ? arg : name.replaceAll('_', '-') + inline
}

function splitShort(arg: string): string[] {
  const [, short, value] = /^(-[a-zA-Z])=(.*)$/s.exec(arg) ?? []
  if (short === undefined || value === undefined) return [arg]
  return value === '' ? [short, ''] : [short + value]
}

interface OptionToken {
  rawName: string
  value?: string | undefined
  inlineValue?: boolean | undefined
}

function setValue(values: Map<string, string>, option: Option, { rawName, value, inlineValue }: OptionToken) {
  if (option.name === 'not-use-tag-as-node' && value === undefined) values.set('use-tag-as-node', 'false')
  else if (option.value === undefined || option.optionalValue) {
    const text = value === undefined ? 'true' : option.optionalValue ? booleanOf(value) : undefined
    if (text !== undefined) values.set(option.name, text)
    else if (option.optionalValue) throw new UsageError(`${rawName} must be true or false`)
    else throw new UsageError(`${rawName} does not take a value`)
  } else {
    // In `-g -t x` the value of -g is missing. -5 is a number, which the check of the value may reject.
    const isOption = !inlineValue && value !== undefined && /^-[^\d.]/.test(value)
    if (value === undefined || isOption) {
      const hint = isOption ? ` (write --${option.name}=${option.value} if it starts with -)` : ''
      throw new UsageError(`${rawName} requires a value: ${option.value}${hint}`)
    }
    values.set(option.name, value)
  }
}

function unknownOption(rawName: string, command: Command, known: readonly Option[]): string {
  const name = rawName.replace(/^-+/, '')
  const elsewhere = options.find((option) => [option.name, option.short].includes(name))
  if (elsewhere !== undefined) {
    const owners = elsewhere.commands.map(commandLine)
    return `${rawName} is an option of ${owners.join(' and ')}, not of ${commandLine(command)}`
  }
  const names = known.map((option) => `--${option.name}`)
  const longer = names.find((other) => name.length > 1 && other.startsWith(`--${name}`))
  const meant = longer ?? closest(`--${name}`, names)
  const hint = meant === undefined ? `see ${commandLine(command)} --help` : `did you mean ${meant}?`
  return `unknown option ${rawName}; ${hint}`
}

function unexpectedArgument(argument: string): string {
  const isCommand = ['serve', 'demo'].includes(argument)
  const hint = isCommand ? `: the command must come first, as in tta ${argument} [options]` : ''
  return `unexpected argument ${JSON.stringify(argument)}${hint}`
}
