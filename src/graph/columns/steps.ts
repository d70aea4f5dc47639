/** Work in small pieces. The caller may do something else at each `yield`. */
export type Steps<Result> = Generator<void, Result, void>

/** Runs all pieces without a break and returns the result. */
export function runToEnd<Result>(steps: Steps<Result>): Result {
  let step = steps.next()
  while (!step.done) step = steps.next()
  return step.value
}
