/**
 * Makes something of an OpenTelemetry SDK that reads the environment only while it is made, as though no OTEL_
 * variable were set: those speak of the user's own telemetry. Not every one can be overruled by an option
 * (OTEL_EXPORTER_OTLP_HEADERS is added to the headers that are given).
 *
 * @param make must not be asynchronous: the variables are back when it returns
 */
export function withoutOtelVariables<T>(make: () => T): T {
  const hidden = Object.entries(process.env).filter(([name]) => name.startsWith('OTEL_'))
  for (const [name] of hidden) delete process.env[name]
  try {
    return make()
  } finally {
    for (const [name, value] of hidden) process.env[name] = value
  }
}
