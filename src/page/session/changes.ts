import type { Change } from '../../model/diff-rows.ts'

export type { Change }

/** Worst first. */
export const changes: readonly Change[] = [
  'new',
  'gone',
  'failing more',
  'slower',
  'failing less',
  'faster',
  'unchanged',
]
