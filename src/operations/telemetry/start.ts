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
 * Has the spans of tta itself exported by OTLP/HTTP with protobuf. Where to, how often, which of them and under which
 * name is for the standard variables to say, which the SDK reads from the process
 * (opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables).
 *
 * @returns sends what is left and ends it; never throws, and takes at most a few seconds
 */
export function startTelemetry(version: string): () => Promise<void> {
  const own = resourceFromAttributes({ 'service.name': 'tta', 'service.version': version })
  const provider = new BasicTracerProvider({
    // What the environment says of the resource goes before our own.
    resource: defaultResource()
      .merge(own)
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  })
  context.setGlobalContextManager(new AsyncContextManager())
  trace.setGlobalTracerProvider(provider)
  return () => provider.shutdown().catch(() => undefined)
}

/** Makes the span that is active follow asynchronous calls. */
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
