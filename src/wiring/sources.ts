import { inCamelCase } from '../config/camel-case.ts'
import type { Config } from '../config/config.ts'
import { connectionOf } from '../config/connection.ts'
import { tempoMetrics } from '../operations/metrics/source-metrics.ts'
import { createEmbeddedSource } from '../sources/embedded/embedded-source.ts'
import { EmbeddedStore } from '../sources/embedded/embedded-store.ts'
import { createTempoSource, type TempoSourceOptions } from '../sources/tempo/tempo-source.ts'
import type { TraceSource } from '../sources/trace-source.ts'
import type { Context } from './context.ts'

export interface Sources {
  source: TraceSource
  /** Where received spans go, if builds read from there. */
  received: EmbeddedStore | undefined
}

/** Creates the trace source: a Tempo if `tempo.url` is set, otherwise the embedded one. */
export function createSources(
  { live: { current: config }, metrics, now }: Context,
  override?: TraceSource,
): Sources {
  const tempo = tempoOptions(config)
  if (tempo) {
    const source = createTempoSource({ ...tempo, now, observer: tempoMetrics(metrics.registry) })
    return { source: override ?? source, received: undefined }
  }
  const received = new EmbeddedStore({ ...inCamelCase(config.embedded), now })
  if (override) return { source: override, received: undefined }
  return { source: createEmbeddedSource(received), received }
}

/** Maps the configuration to the options of a Tempo source; undefined if `tempo.url` is not set. */
export function tempoOptions({ tempo, build }: Config): TempoSourceOptions | undefined {
  const connection = connectionOf(tempo)
  if (connection === undefined) return undefined
  const { url, headers } = connection
  const { tenant, timeout, ca_file, concurrency, max_answer_bytes, pad_sec, repair_limit } = tempo
  return {
    url,
    // Requests for no caller, such as health checks, may need a tenant too.
    headers: tenant === undefined ? headers : { ...headers, 'x-scope-orgid': tenant },
    timeoutMs: timeout * 1000,
    ca: ca_file?.pem,
    concurrency,
    maxAnswerBytes: max_answer_bytes,
    padSec: pad_sec,
    lateSec: build.late_sec,
    maxLookups: repair_limit,
  }
}
