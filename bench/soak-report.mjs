const outcomes = ['complete', 'partial', 'empty', 'cancelled']
const mostGrowthMiB = 15

/** @returns for each check true, or what is wrong */
export function printAccount({ injected, figures, schedule }) {
  const expected = new Map()
  let builds = 0
  console.log('builds  fault')
  for (const [{ kind, comesTo }, count] of [...injected].sort((a, b) => b[1] - a[1])) {
    console.log(`${String(count).padStart(6)}  ${kind} -> ${comesTo}`)
    expected.set(comesTo, (expected.get(comesTo) ?? 0) + count)
    builds += count
  }
  const sum = (name) =>
    [...figures].reduce((total, [series, value]) => (series.startsWith(name) ? total + value : total), 0)
  const counted = (comesTo) =>
    figures.get(
      outcomes.includes(comesTo)
        ? `tta_jobs_total{origin="schedule",outcome="${comesTo}"}`
        : `tta_job_failures_total{code="${comesTo}"}`,
    ) ?? 0
  const same = (what, is, should) => {
    console.log(`${what}: ${is}, injected ${should}`)
    return is === should || `${what}: ${is} in /metrics and ${should} injected`
  }
  const failed = [...expected].filter(([comesTo]) => !outcomes.includes(comesTo))
  const kept =
    builds - failed.reduce((total, [, count]) => total + count, 0) - (expected.get('cancelled') ?? 0)
  const locked = [...injected].reduce((total, [{ lock }, count]) => (lock ? total + count : total), 0)
  const checks = [
    same('jobs', sum('tta_jobs_total'), builds),
    same('scheduled', schedule.started, builds),
    same(
      'failed',
      counted('failed') + sum('tta_job_failures_total'),
      builds - kept - (expected.get('cancelled') ?? 0),
    ),
    ...[...expected].map(([comesTo, count]) => same(comesTo, counted(comesTo), count)),
    same('kept in the history', figures.get('tta_history_builds_total{outcome="recorded"}'), kept - locked),
    same('not kept, and told', figures.get('tta_history_builds_total{outcome="failed"}'), locked),
    same('stored at the provider', stored(figures), kept),
  ]
  console.log(`left out because the build before went on: ${schedule.skipped}`)
  console.log(`Tempo: ${list(figures, 'tta_tempo_requests_total', 'outcome')}`)
  console.log(`sinks: ${list(figures, 'tta_sink_writes_total', 'state')}`)
  return checks
}

const stored = (figures) =>
  ['stored', 'cleared'].reduce(
    (sum, state) =>
      sum + (figures.get(`tta_sink_writes_total{sink="nodegraph-provider",state="${state}"}`) ?? 0),
    0,
  )

function list(figures, name, label) {
  const sums = new Map()
  for (const [series, value] of figures) {
    const [, key] = series.startsWith(`${name}{`) ? new RegExp(`${label}="(\\w+)"`).exec(series) : []
    if (key) sums.set(key, (sums.get(key) ?? 0) + value)
  }
  return [...sums].map(([key, value]) => `${key} ${value}`).join(', ')
}

/** Compares the middle and the last third of the time: in the first one caches fill. @returns as above */
export function printMemory(samples) {
  const third = Math.floor(samples.length / 3)
  const thirds = [0, 1, 2].map((part) => samples.slice(part * third, (part + 1) * third))
  const medians = (key) =>
    thirds.map((part) => part.map((sample) => sample[key]).sort((a, b) => a - b)[Math.floor(third / 2)])
  for (const key of ['rssMiB', 'heapMiB', 'fds', 'handles']) {
    const all = samples.map((sample) => sample[key])
    const words = medians(key).map((value) => value.toFixed(1))
    console.log(
      `${key.padEnd(8)} median of each third ${words.join(', ')}; least ${Math.min(...all).toFixed(1)}, most ${Math.max(...all).toFixed(1)}`,
    )
  }
  const slope = slopePerHour(samples.slice(third), 'rssMiB')
  console.log(`rssMiB   ${slope.toFixed(1)} per hour in the last two thirds`)
  const grown = (key, by) => {
    const [, middle, last] = medians(key)
    return last - middle <= by || `${key} grew from ${middle} to ${last}`
  }
  return [
    grown('rssMiB', mostGrowthMiB),
    grown('heapMiB', mostGrowthMiB),
    grown('fds', 2),
    grown('handles', 2),
  ]
}

/** Least squares. */
function slopePerHour(samples, key) {
  const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length
  const x = mean(samples.map(({ atMin }) => atMin))
  const y = mean(samples.map((sample) => sample[key]))
  const sum = (term) => samples.reduce((total, sample) => total + term(sample), 0)
  const over = sum((sample) => (sample.atMin - x) * (sample[key] - y))
  return (60 * over) / sum((sample) => (sample.atMin - x) ** 2)
}
