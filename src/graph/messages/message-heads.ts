import { HashSlots } from '../columns/hash-index.ts'
import type { MessageColumns } from './message-columns.ts'

/** Messages of one id have one head, the first of them. */
export interface Heads {
  /** For each row the first row of the same id. */
  of: Int32Array
  /** The first row with the id of a row of `other`, or -1. */
  find(other: MessageColumns, row: number): number
}

export function headsById(messages: MessageColumns): Heads {
  const slots = new HashSlots(256)
  slots.clear(messages.length)
  const slotOf = (of: MessageColumns, row: number): number => {
    for (let slot = slots.start(of.hash(row)); ; slot = slots.next(slot)) {
      const head = slots.keyAt(slot)
      if (head < 0 || messages.hasIdOf(head, of, row)) return slot
    }
  }
  const of = new Int32Array(messages.length)
  for (let row = 0; row < messages.length; row++) {
    const slot = slotOf(messages, row)
    if (slots.keyAt(slot) < 0) slots.put(slot, row)
    of[row] = slots.keyAt(slot)
  }
  return { of, find: (other, row) => slots.keyAt(slotOf(other, row)) }
}
