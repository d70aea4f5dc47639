import { searchAnswer } from './search-answer.mjs'
import { toProtobuf } from './search-protobuf.mjs'

const nsPerSec = 1_000_000_000n
/** The second in which the template is; any other has ids and times of the same length in bytes. */
const templateSec = 1_795_000_000
const idDigits = 8

/**
 * The traces of one second, repeated in every second with other ids and times. Any number of traces costs the time of one
 * second.
 */
export class SecondOfTraces {
  /**
   * Encoded traces of one second after the other. @type {{ bytes: Uint8Array, idAt: number, startsAt: number[],
   *   starts: bigint[], startMs: number, endMs: number }[]}
   */
  traces
  spans

  /** @param options as of `searchAnswer`, with `tracesPerSec` */
  constructor({ tracesPerSec, spansPerTrace, operations, seed = 1 }) {
    const startNs = BigInt(templateSec) * nsPerSec
    const spacingNs = nsPerSec / BigInt(tracesPerSec)
    const answer = searchAnswer({ traces: tracesPerSec, spansPerTrace, operations, seed, startNs, spacingNs })
    this.traces = answer.traces.map((trace) => templateOf(withSecond(trace)))
    this.spans = tracesPerSec * spansPerTrace
  }

  /** Seconds that a trace lasts at most. */
  get longestSec() {
    return Math.ceil(Math.max(...this.traces.map(({ endMs }) => endMs)) / 1000)
  }

  /** The traces that begin in that second and touch [fromMs, toMs], Unix ms; at most so many. */
  *touching(sec, fromMs, toMs, most = Number.POSITIVE_INFINITY) {
    let left = most
    for (const trace of this.traces) {
      if (sec * 1000 + trace.startMs > toMs || sec * 1000 + trace.endMs < fromMs) continue
      if (left-- <= 0) return
      yield moved(trace, sec)
    }
  }
}

/** The id begins with the second: no two seconds share one. */
const withSecond = (trace) => ({
  ...trace,
  traceID: templateSec.toString(16).padStart(idDigits, '0') + trace.traceID.slice(idDigits),
})

function templateOf(trace) {
  // Without what comes after the only trace.
  const bytes = Buffer.from(
    toProtobuf({ traces: [trace], metrics: { completedJobs: 0, totalJobs: 0 } }).slice(
      0,
      -emptyMetrics.length,
    ),
  )
  const sets = [trace.spanSet, ...trace.spanSets]
  const starts = [trace, ...sets.flatMap(({ spans }) => spans)].map(({ startTimeUnixNano }) =>
    BigInt(startTimeUnixNano),
  )
  const startsAt = []
  for (const start of starts) startsAt.push(bytes.indexOf(varint(start), (startsAt.at(-1) ?? 0) + 1))
  if (startsAt.includes(-1)) throw new Error('a start is not where it should be')
  const startMs = Number((starts[0] - BigInt(templateSec) * nsPerSec) / 1_000_000n)
  return {
    bytes,
    idAt: bytes.indexOf(trace.traceID),
    startsAt,
    starts,
    startMs,
    endMs: startMs + trace.durationMs + 1,
  }
}

function moved({ bytes, idAt, startsAt, starts }, sec) {
  const copy = Buffer.from(bytes)
  copy.write(sec.toString(16).padStart(idDigits, '0'), idAt, 'latin1')
  const byNs = BigInt(sec - templateSec) * nsPerSec
  for (let i = 0; i < starts.length; i++) writeVarint(copy, startsAt[i], starts[i] + byNs)
  return copy
}

/** Nine bytes, as all times of this century have. */
function writeVarint(bytes, at, value) {
  let low = Number(value & 0xfffffffn)
  let high = Number(value >> 28n)
  let position = at
  for (let i = 0; i < 4; i++, low >>>= 7) bytes[position++] = (low & 0x7f) | 0x80
  for (let i = 0; i < 4; i++, high = Math.floor(high / 128)) bytes[position++] = (high & 0x7f) | 0x80
  bytes[position] = high
}

function varint(value) {
  const bytes = Buffer.alloc(9)
  writeVarint(bytes, 0, value)
  return bytes
}

const emptyMetrics = toProtobuf({ traces: [], metrics: { completedJobs: 0, totalJobs: 0 } })
/** The end of every answer. */
export const finishedMetrics = toProtobuf({ traces: [], metrics: { completedJobs: 3, totalJobs: 3 } })
