/** Work in small pieces: at each `yield` whoever has it done may do something else first. */
export type Steps<Result> = Generator<void, Result, void>

/** Has it done without a break. */
export function runToEnd<Result>(steps: Steps<Result>): Result {
  let step = steps.next()
  while (!step.done) step = steps.next()
  return step.value
}
