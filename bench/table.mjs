/** Figures as text and as Markdown. */

const inWords = (value) => {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US')
  return Number(value.toPrecision(3)).toString()
}

function cells({ name, value, unit, min, max, spreadPercent, target, bound, met }) {
  const isRepeated = min !== undefined
  return {
    name,
    median: inWords(value),
    unit,
    min: isRepeated ? inWords(min) : '',
    max: isRepeated ? inWords(max) : '',
    spread: isRepeated ? `${spreadPercent} %` : '',
    target: target === undefined ? '' : `at ${bound} ${inWords(target)}`,
    met: target === undefined ? '' : met ? 'met' : 'missed',
  }
}

const columns = ['name', 'median', 'unit', 'min', 'max', 'spread', 'target', 'met']
const isText = (column) => ['name', 'unit', 'target', 'met'].includes(column)
const widths = { name: 56, median: 11, unit: 10, min: 11, max: 11, spread: 6, target: 18, met: 6 }

/** @param {import('./figures.mjs').Figure[]} figures @returns a line for each, below one of headings */
export function figureLines(figures) {
  const line = (row) =>
    columns
      .map((column) =>
        isText(column) ? row[column].padEnd(widths[column]) : row[column].padStart(widths[column]),
      )
      .join('  ')
      .trimEnd()
  return [
    Object.fromEntries(columns.map((column) => [column, column === 'name' ? '' : column])),
    ...figures.map(cells),
  ].map((row) => `  ${line(row)}`)
}

/** The table of a whole run for README.md. */
export function markdown({ date, node, machine, figures }) {
  const heads = ['figure', 'median', '', 'min', 'max', 'spread', 'target', '']
  const rule = columns.map((column) => (isText(column) ? '---' : '--:'))
  const rows = figures.map((figure) => {
    const row = cells(figure)
    return columns.map((column) => (column === 'met' && row.met === 'missed' ? '**missed**' : row[column]))
  })
  const lines = [heads, rule, ...rows].map((row) => `| ${row.join(' | ')} |`)
  return [`${date}, Node ${node}, ${machine}.`, '', ...lines].join('\n')
}
