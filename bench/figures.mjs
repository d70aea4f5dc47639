/**
 * The figures that benchmarks measure and report.
 *
 * @typedef {object} Figure
 * @property {string} name
 * @property {number} value median of the runs
 * @property {string} unit
 * @property {number} [min] of the runs, in the unit
 * @property {number} [max]
 * @property {number} [spreadPercent] the middle half of the runs, in percent of the median
 * @property {number} [ratio] of two measurements of the same run
 * @property {number} [target]
 * @property {'least' | 'most'} [bound] on which side of the target it should be
 * @property {boolean} [met]
 *
 * @typedef {{ atLeast: number } | { atMost: number }} Target
 */
import { figureLines } from './table.mjs'

/** Of repeated measurements, in their order of size. */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
  const median = at(0.5)
  return { min: sorted[0], median, max: sorted.at(-1), spreadPercent: (100 * (at(0.75) - at(0.25))) / median }
}

/** @param {number[]} values one of each run @param {Target} [target] @returns {Figure} */
export function measured(name, unit, values, target) {
  const { median: value, min, max, spreadPercent } = spread(values)
  const range = values.length > 1 ? { min, max, spreadPercent: Math.round(spreadPercent) } : {}
  return { name, value, unit, ...range, ...compared(value, target) }
}

/** @param {number[]} times ms of runs that each did `count` things @returns {Figure} things a second */
export function rate(name, unit, count, times, target) {
  const values = times.map((ms) => Math.round((count / ms) * 1000))
  return measured(name, unit, values, target)
}

/** @param {number[]} values quotients of two measurements of the same run @returns {Figure} */
export function ratio(name, values, target) {
  const figure = measured(name, 'times', values, target)
  return { ...figure, ratio: figure.value }
}

/** Each value of `a` divided by the value of `b` with the same index. */
export const quotients = (a, b) => a.map((value, i) => value / b[i])

function compared(value, target) {
  if (target === undefined) return {}
  const { atLeast, atMost } = target
  if (atLeast !== undefined) return { target: atLeast, bound: 'least', met: value >= atLeast }
  return { target: atMost, bound: 'most', met: value <= atMost }
}

/** Prints what a benchmark measured: for people, or with `--json` as one line for `run.mjs`. */
export function report(title, figures) {
  if (process.argv.includes('--json')) console.log(JSON.stringify({ title, figures }))
  else console.log(`\n${title}\n${figureLines(figures).join('\n')}`)
}

/**
 * CPU ms that each of `count` runs took, after one for the compilers. Other work of the
 * machine does not count, unlike in wall time. The threads of the garbage collector do.
 */
export function cpuTimes(work, count) {
  work()
  return Array.from({ length: count }, () => {
    const before = process.cpuUsage()
    work()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000
  })
}
