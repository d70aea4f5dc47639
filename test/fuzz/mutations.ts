import type { Random } from '../../src/cli/demo/random.ts'

const below = (random: Random, limit: number) => Math.floor(random() * limit)
const pick = <T>(random: Random, values: readonly T[]): T => values[below(random, values.length)] as T

/** Bytes that mean something in protobuf: ends and beginnings of varints, lengths, tags. */
const telling = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x0a, 0x12, 0x1a, 0x08, 0x09, 0x0b, 0x0d, 0x10]
const longVarint = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]

type ByteMutation = (random: Random, body: Uint8Array, other: Uint8Array) => Uint8Array

const replaced = (body: Uint8Array, at: number, length: number, by: ArrayLike<number>) => {
  const next = new Uint8Array(body.length - length + by.length)
  next.set(body.subarray(0, at))
  next.set(by, at)
  next.set(body.subarray(at + length), at + by.length)
  return next
}

const newByte: ByteMutation = (random, body) =>
  replaced(body, below(random, body.length), 1, [below(random, 256)])

const byteMutations: ByteMutation[] = [
  newByte,
  newByte,
  newByte,
  (random, body) => {
    const at = below(random, body.length)
    return replaced(body, at, 1, [(body[at] ?? 0) ^ (1 << below(random, 8))])
  },
  (random, body) => replaced(body, below(random, body.length), 1, [pick(random, telling)]),
  (random, body) => replaced(body, below(random, body.length), 0, [pick(random, telling)]),
  (random, body) => replaced(body, below(random, body.length), 0, longVarint),
  (random, body) => body.subarray(0, below(random, body.length)),
  (random, body) => {
    const at = below(random, body.length)
    return replaced(body, at, Math.min(1 + below(random, 16), body.length - at), [])
  },
  (random, body) => {
    const from = below(random, body.length)
    const piece = body.slice(from, from + 1 + below(random, 64))
    return replaced(body, below(random, body.length), 0, piece)
  },
  (random, body, other) => {
    const tail = other.subarray(below(random, other.length))
    return replaced(body, below(random, body.length), 0, tail).subarray(0, body.length + 64)
  },
  (_random, body, other) => replaced(body, body.length, 0, other),
]

/** Mostly one: of many changes one makes it unreadable, and what the others do is never seen. */
const changes = (random: Random) => (random() < 0.7 ? 1 : 2 + below(random, 3))

/** Changes a body in 1 to 4 places. */
export function mutatedBytes(random: Random, body: Uint8Array, other: Uint8Array): Uint8Array {
  let mutated = body
  for (let count = changes(random); count > 0 && mutated.length > 0; count--) {
    mutated = pick(random, byteMutations)(random, mutated, other)
  }
  return mutated
}

const strangers: unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  2 ** 53,
  -(2 ** 63),
  '',
  'x',
  '-1',
  '18446744073709551616',
  '9'.repeat(400),
  'ff'.repeat(16),
  '\u0000\ud800"',
  '__proto__',
  [],
  {},
  [[]],
  [null],
  { stringValue: 7 },
  { __proto__: null, constructor: 1, toString: 2 },
]

/** Every place in a JSON value that holds another. */
function places(json: unknown): [holder: Record<string, unknown>, key: string][] {
  if (typeof json !== 'object' || json === null) return []
  const holder = json as Record<string, unknown>
  return Object.keys(holder).flatMap((key) => [
    [holder, key] as [Record<string, unknown>, string],
    ...places(holder[key]),
  ])
}

function nested(value: unknown, depth: number): unknown {
  let nest = value
  for (let level = 0; level < depth; level++) nest = level % 2 ? [nest] : { arrayValue: { values: [nest] } }
  return nest
}

/** Puts what has the same name elsewhere: another id, time, kind, parent. */
function takeOver(random: Random, holder: Record<string, unknown>, key: string, other: unknown): void {
  const namesakes = places(other).filter(([, name]) => name === key)
  if (namesakes.length === 0) return
  const [from] = pick(random, namesakes)
  holder[key] = structuredClone(from[key])
}

const jsonMutations: ((
  random: Random,
  holder: Record<string, unknown>,
  key: string,
  other: unknown,
) => void)[] = [
  (random, holder, key) => {
    holder[key] = structuredClone(pick(random, strangers))
  },
  (random, holder, key) => {
    holder[key] = structuredClone(pick(random, strangers))
  },
  (_random, holder, key) => void delete holder[key],
  (random, holder, key) => {
    holder[`${key}${pick(random, ['', 's', '_', ' '])}`] = holder[key]
  },
  (random, holder, key) => {
    holder[key] = nested(holder[key], pick(random, [1, 5, 50, 150]))
  },
  (random, holder, key, other) => {
    const all = places(other)
    const [from, at] = pick(random, all)
    holder[key] = structuredClone(from[at])
  },
  (_random, holder, key) => {
    holder[key] = [holder[key], holder[key]]
  },
  ...Array.from({ length: 4 }, () => takeOver),
]

/** The text of a JSON value that is changed in 1 to 4 places; of one in ten its letters too. */
export function mutatedJson(random: Random, json: unknown, other: unknown): string {
  const copy = structuredClone(json)
  for (let count = changes(random); count > 0; count--) {
    const all = places(copy)
    if (all.length === 0) break
    const [holder, key] = pick(random, all)
    pick(random, jsonMutations)(random, holder, key, other)
  }
  const text = JSON.stringify(copy)
  if (random() >= 0.1) return text
  const bytes = Buffer.from(text)
  return Buffer.from(mutatedBytes(random, bytes, bytes)).toString()
}
