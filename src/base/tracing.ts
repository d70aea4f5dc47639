import { type Attributes, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { TtaError } from './errors.ts'

// Without an SDK (src/operations/telemetry) the spans of the API do nothing.
const tracer = trace.getTracer('tta')

/** Runs work in a new span, which gets the status error if the work throws. */
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
      // Only the messages of tta are known to hold no secret.
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
