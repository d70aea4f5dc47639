import { AsyncLocalStorage } from 'node:async_hooks'
import { type Context, type ContextManager, context, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'

/**
 * Exports the spans of tta itself by OTLP/HTTP with protobuf. The SDK reads endpoint, interval, sampling and service name
 * from the standard variables (opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables).
 *
 * @returns a function that sends the remaining spans and stops the export. It never throws and takes a few seconds at most
 */
export function startTelemetry(version: string): () => Promise<void> {
  const own = resourceFromAttributes({ 'service.name': 'tta', 'service.version': version })
  const provider = new BasicTracerProvider({
    // Resource attributes of the environment have priority.
    resource: defaultResource()
      .merge(own)
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  })
  context.setGlobalContextManager(new AsyncContextManager())
  trace.setGlobalTracerProvider(provider)
  return () => provider.shutdown().catch(() => undefined)
}

/** Keeps the active span across asynchronous calls. */
class AsyncContextManager implements ContextManager {
  private readonly storage = new AsyncLocalStorage<Context>()

  active(): Context {
    return this.storage.getStore() ?? ROOT_CONTEXT
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    active: Context,
    work: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.storage.run(active, () => work.apply(thisArg, args))
  }

  bind<T>(active: Context, target: T): T {
    if (typeof target !== 'function') return target
    return ((...args: unknown[]) => this.storage.run(active, () => target(...args))) as T
  }

  enable(): this {
    return this
  }

  disable(): this {
    this.storage.disable()
    return this
  }
}
