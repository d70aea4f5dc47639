import {
  type Context,
  type HrTime,
  ROOT_CONTEXT,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base'
import { TtaError } from '../../base/errors.ts'
import type { ShopSpan } from './trace-recorder.ts'

/** Most spans in the queue of the batch processor, which drops further spans. */
const maxQueueSize = 100_000

interface Service {
  provider: BasicTracerProvider
  /** The span whose ids the provider's next span gets. */
  next: ShopSpan | undefined
}

/**
 * Sends the shop's spans as its services would. Each service has its own OpenTelemetry SDK with batches and an OTLP/HTTP
 * exporter.
 */
export class ShopExporter {
  private readonly url: string
  private readonly services = new Map<string, Service>()
  private failure: Error | undefined

  /** @param url base URL of tta without trailing slash */
  constructor(url: string) {
    this.url = url
  }

  /** @throws {TtaError} TTA_INTERNAL if a batch could not be exported */
  async send(spans: readonly ShopSpan[]): Promise<void> {
    for (const span of spans) this.record(span)
    const flushes = [...this.services.values()].map(({ provider }) => provider.forceFlush())
    const flushed = (await Promise.allSettled(flushes)).every(({ status }) => status === 'fulfilled')
    const { failure } = this
    this.failure = undefined
    if (flushed && !failure) return
    const reason = failure?.message ?? 'no answer in time'
    throw new TtaError('TTA_INTERNAL', `Sending the traces of the shop failed: ${reason}`, {
      cause: failure,
    })
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.services.values()].map(({ provider }) => provider.shutdown()))
  }

  private record(shopSpan: ShopSpan): void {
    const service =
      this.services.get(shopSpan.service) ?? withoutOtelVariables(() => this.start(shopSpan.service))
    service.next = shopSpan
    const { name, kind, attributes, startMs, endMs, error } = shopSpan
    // The API counts kinds from 0, OTLP from 1.
    const options = { kind: kind - 1, attributes, startTime: hrTime(startMs) }
    const span = service.provider.getTracer('tta.demo.shop').startSpan(name, options, parentOf(shopSpan))
    if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error })
    span.end(hrTime(endMs))
  }

  private start(name: string): Service {
    const exporter = new OTLPTraceExporter({ url: `${this.url}/v1/traces` })
    const service: Service = {
      next: undefined,
      provider: new BasicTracerProvider({
        resource: resourceFromAttributes({
          'service.namespace': 'shop',
          'service.name': name,
          'host.name': `${name}-0`,
        }),
        idGenerator: {
          generateTraceId: () => service.next?.traceId ?? '',
          generateSpanId: () => service.next?.spanId ?? '',
        },
        spanProcessors: [new BatchSpanProcessor(this.watched(exporter), { maxQueueSize })],
      }),
    }
    this.services.set(name, service)
    return service
  }

  /** Wraps an exporter to record its failures, which the SDK does not report. */
  private watched(exporter: SpanExporter): SpanExporter {
    return {
      export: (spans, done) =>
        exporter.export(spans, (result) => {
          this.failure ??= result.error
          done(result)
        }),
      shutdown: () => exporter.shutdown(),
    }
  }
}

function parentOf({ traceId, parentSpanId }: ShopSpan): Context {
  if (parentSpanId === '') return ROOT_CONTEXT
  const parent = { traceId, spanId: parentSpanId, traceFlags: TraceFlags.SAMPLED, isRemote: true }
  return trace.setSpanContext(ROOT_CONTEXT, parent)
}

/** Converts Unix ms to seconds and nanoseconds, rounded to µs. */
function hrTime(ms: number): HrTime {
  const microseconds = Math.round(ms * 1000)
  return [Math.floor(microseconds / 1e6), (microseconds % 1e6) * 1000]
}

/**
 * Creates a part of an OpenTelemetry SDK that reads the environment, as if no OTEL_ variable were set. These variables
 * configure the user's own telemetry. Options cannot override all of them: the headers of OTEL_EXPORTER_OTLP_HEADERS are
 * added to the given headers.
 *
 * @param create must be synchronous: the variables are restored when it returns
 */
function withoutOtelVariables<T>(create: () => T): T {
  const hidden = Object.entries(process.env).filter(([name]) => name.startsWith('OTEL_'))
  for (const [name] of hidden) delete process.env[name]
  try {
    return create()
  } finally {
    for (const [name, value] of hidden) process.env[name] = value
  }
}
