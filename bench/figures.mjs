/**
 * Prints figures: for people, or with `--json` for programs.
 *
 * @typedef {{ name: string, value: number, unit: string, ratio?: number, target?: number, met?: boolean }} Figure
 */

/** Minimum, median and spread of repeated measurements; the spread is that of the middle half, in percent of the median. */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
  return { min: sorted[0], median: at(0.5), spreadPercent: (100 * (at(0.75) - at(0.25))) / at(0.5) }
}

/** @param times ms of runs that each did `count` things @returns {Figure} things a second, of the median run */
export function rate(name, unit, count, times, target) {
  const { min, median, spreadPercent } = spread(times)
  const value = Math.round((count / median) * 1000)
  const best = Math.round((count / min) * 1000)
  return withTarget({ name, value, unit, best, spreadPercent: Math.round(spreadPercent) }, value, target)
}

/** @returns {Figure} how many times `value` is as much */
export function ratio(name, value, target) {
  return withTarget({ name, value, unit: 'times', ratio: value }, value, target)
}

function withTarget(figure, value, target) {
  return target === undefined ? figure : { ...figure, target, met: value >= target }
}

/**
 * Prints how long things took, ms: median and longest.
 *
 * @param {Record<string, number[]>} times @param {Record<string, number>} most what the longest may take, by name
 */
export function printTimes(title, times, most) {
  const figures = Object.entries(times).map(([name, values]) => {
    const [value, longest] = [spread(values).median, Math.max(...values)].map(Math.round)
    const target = most[name]
    return { name, value, unit: 'ms', longest, ...(target && { target, met: longest < target }) }
  })
  if (process.argv.includes('--json')) return console.log(JSON.stringify({ title, figures }))
  console.log(`\n${title}; medians`)
  for (const { name, value, longest, target, met } of figures) {
    const wanted = target === undefined ? '' : `  target under ${target}: ${met ? 'met' : 'missed'}`
    console.log(`  ${name.padEnd(44)}${String(value).padStart(8)} ms  longest ${longest}${wanted}`)
  }
}

/** @param {string} title what was measured @param {Figure[]} figures */
export function print(title, figures) {
  if (process.argv.includes('--json')) {
    console.log(JSON.stringify({ title, node: process.version, figures }))
    return
  }
  console.log(`\n${title}; medians`)
  for (const { name, value, unit, best, spreadPercent, target, met } of figures) {
    const text = unit === 'times' ? value.toFixed(2) : value.toLocaleString('en-US')
    const range =
      best === undefined ? '' : `  best ${best.toLocaleString('en-US')}, spread ${spreadPercent} %`
    const wanted =
      target === undefined ? '' : `  target ${target.toLocaleString('en-US')}: ${met ? 'met' : 'missed'}`
    console.log(`  ${name.padEnd(44)}${text.padStart(12)} ${unit}${range}${wanted}`)
  }
}
