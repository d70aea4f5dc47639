import { UsageError } from './usage-error.ts'

/** As the Python demo's users write them after -n. */
const truth: Record<string, string> = {
  true: 'true',
  yes: 'true',
  '1': 'true',
  false: 'false',
  no: 'false',
  '0': 'false',
}

/** `true` or `false` where `text` is a word for one of them. */
export const truthOf = (text = ''): string | undefined => truth[text.toLowerCase()]

/**
 * Brings other spellings to those that `parseArgs` of node:util knows: `_` in names, `-x=VALUE`, and what may follow
 * `-n`, whose value may be left out.
 *
 * @throws {UsageError} what follows `-n` is no word for true or false
 */
export function normalizeArgv(argv: readonly string[]): string[] {
  const args: string[] = []
  for (let at = 0; at < argv.length; at++) {
    const arg = dashed(argv[at] ?? '')
    if (arg === '--') return [...args, ...argv.slice(at)]
    const attached = truthOf(/^-n=?(.+)$/.exec(arg)?.[1])
    if (attached !== undefined) args.push(`--use-tag-as-node=${attached}`)
    else if (arg === '-n' || arg === '--use-tag-as-node') {
      const following = argv[at + 1]
      const separate = following !== undefined && !following.startsWith('-')
      args.push(`--use-tag-as-node=${separate ? requiredTruth(arg, following) : 'true'}`)
      if (separate) at++
    } else args.push(...splitShort(arg))
  }
  return args
}

function requiredTruth(option: string, word: string): string {
  const value = truthOf(word)
  if (value !== undefined) return value
  throw new UsageError(`${option} must be true or false, and is ${JSON.stringify(word)}`)
}

function dashed(arg: string): string {
  const [, name, inline = ''] = /^(--[^=]+)(=.*)?$/s.exec(arg) ?? []
  return name === undefined ? arg : name.replaceAll('_', '-') + inline
}

function splitShort(arg: string): string[] {
  const [, short, value] = /^(-[a-zA-Z])=(.*)$/s.exec(arg) ?? []
  if (short === undefined || value === undefined) return [arg]
  return value === '' ? [short, ''] : [short + value]
}
