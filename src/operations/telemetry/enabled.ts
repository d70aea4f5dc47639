/**
 * Returns whether the standard OpenTelemetry variables enable tracing of tta itself: they set an OTLP endpoint or the
 * exporter otlp. The OpenTelemetry SDK is loaded only then.
 */
export function isTelemetryEnabled(env: NodeJS.ProcessEnv): boolean {
  if (env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true') return false
  const exporter = env.OTEL_TRACES_EXPORTER?.trim() ?? ''
  if (exporter !== '') return exporter.split(',').some((name) => name.trim() === 'otlp')
  return Boolean(env.OTEL_EXPORTER_OTLP_ENDPOINT || env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT)
}
