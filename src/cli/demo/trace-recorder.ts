import type { Random } from './random.ts'
import { randomId } from './random.ts'

/** SpanKind of opentelemetry-proto, trace/v1/trace.proto. */
export const SpanKind = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const

export type Attributes = Record<string, string | number>

export interface ShopSpan {
  service: string
  traceId: string
  spanId: string
  /** '' for a root span. */
  parentSpanId: string
  name: string
  kind: number
  /** Unix ms, with fractions. */
  startMs: number
  endMs: number
  attributes: Attributes
  /** Error message; undefined if the call succeeded. */
  error: string | undefined
}

type SpanStart = Pick<ShopSpan, 'service' | 'name' | 'kind'> & { attributes?: Attributes }

/** Records the spans of one trace with a simulated clock, which only `spend` advances. */
export class TraceRecorder {
  readonly spans: ShopSpan[] = []
  readonly random: Random
  private readonly traceId: string
  private readonly open: ShopSpan[] = []
  private nowMs: number

  /** @param startMs Unix ms */
  constructor(random: Random, startMs: number) {
    this.random = random
    this.traceId = randomId(random, 16)
    this.nowMs = startMs
  }

  /** Records a span around everything that `inside` records. */
  span(start: SpanStart, inside: (span: ShopSpan) => void): ShopSpan {
    const span = this.begin(start)
    inside(span)
    this.open.pop()
    span.endMs = this.nowMs
    return span
  }

  /** Records a span of about `typicalMs`, and children that start `later`, after it has ended. */
  detached(start: SpanStart, typicalMs: number, later: () => void): void {
    const span = this.begin(start)
    this.spend(typicalMs)
    span.endMs = this.nowMs
    later()
    this.open.pop()
    this.nowMs = span.endMs
  }

  /** Advances the clock by about `typicalMs`, with a log-normal distribution as latencies have. */
  spend(typicalMs: number): void {
    const normal = Math.sqrt(-2 * Math.log(1 - this.random())) * Math.cos(2 * Math.PI * this.random())
    this.nowMs += typicalMs * Math.exp(0.4 * normal)
  }

  /** Returns true with a probability from 0 to 1. */
  chance(probability: number): boolean {
    return this.random() < probability
  }

  private begin({ attributes = {}, ...start }: SpanStart): ShopSpan {
    const span: ShopSpan = {
      ...start,
      attributes: { ...attributes },
      traceId: this.traceId,
      spanId: randomId(this.random, 8),
      parentSpanId: this.open.at(-1)?.spanId ?? '',
      startMs: this.nowMs,
      endMs: this.nowMs,
      error: undefined,
    }
    this.spans.push(span)
    this.open.push(span)
    return span
  }
}
