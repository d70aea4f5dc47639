import { hashWords, mix } from '../columns/hashing.ts'
import { copyWords, traceIdWords } from '../columns/ids.ts'

/** The trace whose spans are being counted, shared by all parts that count them. */
export class CurrentTrace {
  /** Four words, most significant first. */
  readonly id = new Uint32Array(traceIdWords)
  /** Hash of the id, 32 bits. */
  hash = 0

  /** @param id four words */
  start(id: Uint32Array): void {
    copyWords(id, 0, this.id, 0)
    this.hash = hashWords(id, 0, traceIdWords)
  }

  /** Hashes a call of this duration in this trace to 32 bits. */
  callHash(durationNs: number): number {
    return mix(this.hash ^ (durationNs >>> 0)) >>> 0
  }
}
