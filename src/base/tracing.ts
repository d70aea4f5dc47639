import { type Attributes, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { TtaError } from './errors.ts'

// Until an SDK is registered (src/telemetry.ts) the API makes spans that do nothing.
const tracer = trace.getTracer('tta')

/** Does a piece of work inside a span of its own, which has failed when the work throws. */
export function withSpan<T>(
  name: string,
  attributes: Attributes,
  work: (span: Span) => Promise<T>,
  kind: SpanKind = SpanKind.INTERNAL,
): Promise<T> {
  return tracer.startActiveSpan(name, { attributes, kind }, async (span) => {
    try {
      return await work(span)
    } catch (error) {
      // Only our own messages are known to hold no secret.
      const isOurs = error instanceof TtaError
      span.setAttribute('error.type', isOurs ? error.code : error instanceof Error ? error.name : 'unknown')
      span.setStatus(
        isOurs ? { code: SpanStatusCode.ERROR, message: error.message } : { code: SpanStatusCode.ERROR },
      )
      throw error
    } finally {
      span.end()
    }
  })
}
