import { setTimeout as sleep } from 'node:timers/promises'
import { shopSpans } from './shop.ts'
import { ShopExporter } from './shop-exporter.ts'

const seed = 2025
const minuteMs = 60_000

export interface SendShopOptions {
  /** Base URL of an OTLP/HTTP receiver, without /v1/traces. */
  url: string
  /** Whether to end after the first traces. */
  once: boolean
  signal: AbortSignal
  print(line: string): void
  /** Time between two batches of traces, ms. @default 1000 */
  secondMs?: number | undefined
}

/**
 * Sends the shop's traces to an OTLP receiver: 300 of the last minutes, then three a second until the signal. Retries a
 * receiver that does not answer; later traces that cannot be sent are lost.
 *
 * @throws {TtaError} if `once` is set and the traces cannot be sent
 */
export async function sendShop({
  url,
  once,
  signal,
  print,
  secondMs = 1000,
}: SendShopOptions): Promise<void> {
  const exporter = new ShopExporter(url)
  try {
    let wasSent: boolean | undefined
    for (let second = 0; !signal.aborted; second++) {
      const spans = spansOf(second, wasSent === true)
      try {
        await exporter.send(spans)
        if (!wasSent)
          print(`Sending the traces of a shop to ${url}/v1/traces.${once ? '' : ' Press Ctrl-C to stop.'}`)
        wasSent = true
      } catch (error) {
        if (once) throw error
        if (wasSent !== false) print(`${(error as Error).message}; retrying`)
        wasSent = false
      }
      if (once) return
      await sleep(secondMs, undefined, { signal }).catch(() => {})
    }
  } finally {
    await exporter.close()
  }
}

/** Returns the traces of the last minutes until they are sent, then those of one second. */
function spansOf(second: number, started: boolean) {
  const toMs = Date.now()
  if (started) return shopSpans({ seed: seed + second, traces: 3, fromMs: toMs - 1000, toMs })
  return shopSpans({ seed, traces: 300, fromMs: toMs - 5 * minuteMs, toMs: toMs - 10_000 })
}
