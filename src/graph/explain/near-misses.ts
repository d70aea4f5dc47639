import { HashSample } from '../columns/hash-sample.ts'
import { hashTraceId } from '../columns/hashing.ts'
import { hexOfWords, parseTraceId } from '../columns/ids.ts'
import { titleOf } from '../spans/node-name.ts'
import { SpanKind, type SpanTable } from '../spans/span-table.ts'
import { maxExamples } from '../trace/span-counts.ts'

/** Reasons why a span is not a call from one node to another, the most informative first. */
export const nearMissRules = [
  'same-node',
  'broker-between',
  'answered-elsewhere',
  'indirect',
  'separate-roots',
  'unresolved-link',
  'orphan',
  'without-service',
  'unanswered-client',
  'reverse',
  'not-an-entry',
  'cycle',
  'other-caller',
  'duplicate',
  'excluded',
  'not-together',
] as const
export type NearMissRule = (typeof nearMissRules)[number]

/** An example span, with the fields by which it can be found. */
export interface SpanExample {
  /** 32 hex digits. */
  traceId: string
  /** 16 hex digits. */
  spanId: string
  /** Null for a span without a parent. */
  parentSpanId: string | null
  service: string
  name: string
  kind: keyof typeof SpanKind
  durationMs: number
  /** Start, ISO 8601. */
  at: string
  /** The node between the two, if there is one. */
  via?: string
}

export interface NearMiss {
  rule: NearMissRule
  /** Spans. */
  count: number
  /** The nodes between the two, the most frequent first. */
  via: { node: string; count: number }[]
  examples: SpanExample[]
}

interface Found {
  count: number
  via: Map<string, number>
  sample: HashSample<SpanExample>
}

/** Counts spans by near-miss rule, with a few examples each. Order does not matter. */
export class NearMisses {
  private readonly found = new Map<NearMissRule, Found>()

  /** Adds a span, or removes it if `sign` is -1. @param via the node between, '' without one */
  add(rule: NearMissRule, spans: SpanTable, row: number, sign: 1 | -1, via = ''): void {
    const { sample } = this.countOne(rule, sign, via)
    sampleSpan(sample, spans, row, sign, via)
  }

  /** Does the same for an earlier span; `example` is undefined if only its number was kept. */
  addExample(rule: NearMissRule, example: SpanExample | undefined, sign: 1 | -1, via = ''): void {
    const { sample } = this.countOne(rule, sign, via)
    if (!example) return
    addExample(sample, via === '' ? example : { ...example, via }, sign)
  }

  /** Returns the near misses that were found, in the order of `nearMissRules`. */
  read(): NearMiss[] {
    return nearMissRules.flatMap((rule) => {
      const found = this.found.get(rule)
      if (!found || found.count <= 0) return []
      const via = [...found.via].map(([node, count]) => ({ node, count })).filter(({ count }) => count > 0)
      via.sort((a, b) => b.count - a.count || (a.node < b.node ? -1 : 1))
      return [{ rule, count: found.count, via: via.slice(0, maxExamples), examples: found.sample.values() }]
    })
  }

  private countOne(rule: NearMissRule, sign: 1 | -1, via: string): Found {
    let found = this.found.get(rule)
    if (!found) {
      found = { count: 0, via: new Map(), sample: new HashSample(maxExamples) }
      this.found.set(rule, found)
    }
    found.count += sign
    if (via !== '') found.via.set(via, (found.via.get(via) ?? 0) + sign)
    return found
  }
}

/** Adds an example to a sample, or removes it if `sign` is -1. */
export function addExample(sample: HashSample<SpanExample>, example: SpanExample, sign: 1 | -1): void {
  sample.add(
    hashTraceId(parseTraceId(example.traceId), 0),
    () => JSON.stringify(example),
    () => example,
    sign,
  )
}

/** Adds the span of `row` to a sample, or removes it if `sign` is -1. */
export function sampleSpan(
  sample: HashSample<SpanExample>,
  spans: SpanTable,
  row: number,
  sign: 1 | -1,
  via = '',
): void {
  // The key holds all fields, because repetitions of a span may differ in any of them.
  sample.add(
    hashTraceId(spans.traceId, 0),
    () => JSON.stringify(spanExample(spans, row, via)),
    () => spanExample(spans, row, via),
    sign,
  )
}

const kindNames = Object.keys(SpanKind) as SpanExample['kind'][]
const kindOf = ({ kind }: SpanTable, row: number) => kindNames[kind[row]!] ?? 'unspecified'

/** Returns the span of `row` as an example. */
export function spanExample(spans: SpanTable, row: number, via = ''): SpanExample {
  const parentHi = spans.parentIdHi[row]!
  const parentLo = spans.parentIdLo[row]!
  return {
    traceId: hexOfWords(spans.traceId),
    spanId: hexOfWords([spans.spanIdHi[row]!, spans.spanIdLo[row]!], 0, 2),
    parentSpanId: parentHi === 0 && parentLo === 0 ? null : hexOfWords([parentHi, parentLo], 0, 2),
    service: titleOf(spans.strings.text(spans.service[row]!)),
    name: spans.strings.text(spans.name[row]!),
    kind: kindOf(spans, row),
    durationMs: spans.durationNs[row]! / 1e6,
    at: new Date(spans.startMs(row)).toISOString(),
    ...(via === '' ? {} : { via }),
  }
}
