import { tagSelector } from '../../../src/sources/tag-selector.ts'
import { TempoLimits } from '../../../src/sources/tempo/client/learned-limits.ts'
import { TempoClient } from '../../../src/sources/tempo/client/tempo-client.ts'
import type { SearchContext } from '../../../src/sources/tempo/search/search.ts'
import { type StandInOptions, startTempo } from './tempo-stand-in.ts'

/** Starts a Tempo, and returns it with the context of a read that knows nothing about it yet. */
export async function startRead(
  t: { teardown(end: () => unknown): unknown },
  options: Partial<StandInOptions> = {},
) {
  const tempo = await startTempo(options)
  const client = new TempoClient({
    url: tempo.url,
    headers: {},
    timeoutMs: 10_000,
    maxAnswerBytes: 1e6,
    maxSockets: 1,
    retryDelayMs: 1,
  })
  t.teardown(async () => {
    client.close()
    await tempo.close()
  })
  const context: SearchContext = {
    client,
    limits: new TempoLimits(),
    selector: tagSelector('service.name', ''),
    signal: new AbortController().signal,
    tally: { requests: 0, retries: 0, bytes: 0 },
  }
  return { tempo, context }
}
