import { PairIndex } from '../columns/hash-index.ts'
import type { MessageColumns } from './message-columns.ts'
import { SpanIdIndex, spanIdWords } from './span-id-index.ts'

const none = -1

/**
 * Returns the rows that were added and not removed. A pair of a span and a message has as many rows as it was added more
 * often than removed. Two servers that share a span id may both receive a message, so one pair may have two rows.
 *
 * @param mask bits of the flags that are compared
 * @param flags value of these bits in the rows that are wanted
 */
export function liveRows(messages: MessageColumns, mask = 0, flags = 0): number[] {
  const pairs = new PairIndex()
  const ids = new SpanIdIndex()
  const times: number[] = []
  const last: number[] = []
  /** For each row the row before with the same span and message, -1 without one. */
  const before = new Int32Array(messages.length)
  for (let row = 0; row < messages.length; row++) {
    if ((messages.flags[row]! & mask) !== flags) continue
    const span = ids.indexOf(messages.spanIds, row * spanIdWords)
    const message = ids.indexOf(messages.messageIds, row * spanIdWords)
    const pair = pairs.indexOf(span * 8 + messages.kind[row]!, message)
    times[pair] = (times[pair] ?? 0) + messages.sign[row]!
    if (messages.sign[row]! < 0) continue
    before[row] = last[pair] ?? none
    last[pair] = row
  }
  const rows: number[] = []
  for (let pair = 0; pair < pairs.length; pair++) {
    let row = last[pair] ?? none
    for (let time = 0; time < times[pair]! && row !== none; time++, row = before[row]!) rows.push(row)
  }
  return rows
}
