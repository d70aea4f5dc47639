import { SpanStatus, type SpanTable } from '../../graph/spans/span-table.ts'
import { attributesOfRules, codeAttributes, type FailureRule, grpcNames } from '../../model/failure-rules.ts'
import type { ProtobufReader } from '../protobuf/protobuf-reader.ts'
import { internAnyValue, readNumber } from './any-value.ts'
import { AttributeKeys } from './key-value.ts'

/** More than any code. */
const codes = 1000
const fails = 1
const passes = 2

/**
 * Sets the status of spans by the codes in their attributes, where rules say so. For each span, call `start`, then `read`
 * for each attribute that `attributeOf` knows, in any order, then `finish` after its status has been read.
 */
export class StatusCodeReader {
  private readonly table: SpanTable
  private readonly keys: AttributeKeys
  /** For each attribute the verdict on each code, a sum of `fails` and `passes`. */
  private readonly verdicts: Uint8Array[]
  private verdict = 0

  constructor(table: SpanTable, rules: readonly FailureRule[]) {
    this.table = table
    const attributes = attributesOfRules(rules)
    this.keys = new AttributeKeys(attributes)
    this.verdicts = attributes.map((key) =>
      verdictsOf(rules.filter(({ protocol }) => codeAttributes[protocol].includes(key))),
    )
  }

  start(): void {
    this.verdict = 0
  }

  /** Returns the number of the attribute with the key from `start` to `end`, or -1. */
  attributeOf(view: DataView, start: number, end: number): number {
    return this.keys.indexOf(view, start, end)
  }

  /** Reads the AnyValue from `reader.position` to `end`. @throws {ProtobufError} */
  read(attribute: number, reader: ProtobufReader, end: number): void {
    const start = reader.position
    let code = readNumber(reader, end)
    if (Number.isNaN(code)) {
      reader.position = start
      code = codeOf(this.table.strings.text(internAnyValue(reader, end, this.table.strings)))
    }
    this.verdict |= this.verdicts[attribute]![code] ?? 0
  }

  finish(row: number): void {
    const { status } = this.table
    if ((this.verdict & passes) !== 0) {
      if (status[row] === SpanStatus.error) status[row] = SpanStatus.unset
    } else if (this.verdict === fails) status[row] = SpanStatus.error
  }
}

function verdictsOf(rules: readonly FailureRule[]): Uint8Array {
  const verdicts = new Uint8Array(codes)
  for (const rule of rules) {
    for (let code = rule.from; code <= rule.to; code++) verdicts[code]! |= rule.fails ? fails : passes
  }
  return verdicts
}

/** Returns a code that was sent as text: a number, or the name of a gRPC code; -1 for other texts. */
const codeOf = (text: string) => (/^\d{1,3}$/.test(text) ? Number(text) : grpcNames.indexOf(text))

/** Returns the reader for these rules; undefined without rules. */
export function createStatusCodeReader(
  table: SpanTable,
  rules: readonly FailureRule[] = [],
): StatusCodeReader | undefined {
  return rules.length === 0 ? undefined : new StatusCodeReader(table, rules)
}
