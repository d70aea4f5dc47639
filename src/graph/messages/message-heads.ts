import type { MessageColumns } from './message-columns.ts'

const none = -1

/** Messages of one id have one head, the first of them. */
export interface Heads {
  /** For each row the first row of the same id. */
  of: Int32Array
  /** The first row with the id of a row of `other`, or -1. */
  find(other: MessageColumns, row: number): number
}

export function headsById(messages: MessageColumns): Heads {
  const mask = 2 ** (33 - Math.clz32(messages.length + 1)) - 1
  const slots = new Int32Array(mask + 1).fill(none)
  const slotOf = (of: MessageColumns, row: number): number => {
    let slot = of.hash(row) & mask
    while (slots[slot] !== none && !messages.hasIdOf(slots[slot]!, of, row)) slot = (slot + 1) & mask
    return slot
  }
  const of = new Int32Array(messages.length)
  for (let row = 0; row < messages.length; row++) {
    const slot = slotOf(messages, row)
    if (slots[slot] === none) slots[slot] = row
    of[row] = slots[slot]!
  }
  return { of, find: (other, row) => slots[slotOf(other, row)]! }
}
