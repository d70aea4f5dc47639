/** Panels side by side, time above memory, as SVG that follows the reader's choice of light or dark. */

const panel = { width: 300, height: 170, left: 62, gap: 34, top: 84, between: 64 }
const rows = [
  { field: 'seconds', label: 'wall time, s (logarithmic)', least: 0.1 },
  { field: 'megabytes', label: 'peak memory, MB (logarithmic)', least: 100 },
]

const style = `
  text { font: 12px system-ui, sans-serif; fill: #57606a }
  .title { font-weight: 600; font-size: 14px; fill: #1f2328 }
  .value { font-size: 11px; fill: #1f2328 }
  .back { fill: #ffffff } .grid { stroke: #d8dee4 } .seconds { --ink: #0969da } .megabytes { --ink: #bc4c00 }
  .line { fill: none; stroke: var(--ink); stroke-width: 2 } .point { fill: var(--ink) }
  @media (prefers-color-scheme: dark) {
    text { fill: #9198a1 } .title, .value { fill: #f0f6fc } .back { fill: #0d1117 } .grid { stroke: #30363d }
    .seconds { --ink: #58a6ff } .megabytes { --ink: #f0883e }
  }`

const short = (value) => {
  if (value >= 1e6) return `${value / 1e6} M`
  if (value >= 1e4) return `${value / 1e3} k`
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(2)))
}

/** Powers of ten, both ends included, that hold all values. */
function decades(values, least) {
  const low = Math.floor(Math.log10(Math.min(...values, least)))
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))))
  return Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i))
}

/** @returns where a value is between two positions, on a logarithmic scale */
function scale(ticks, from, to) {
  const [low, high] = [Math.log10(ticks[0]), Math.log10(ticks.at(-1))]
  return (value) => from + ((Math.log10(value) - low) / (high - low)) * (to - from)
}

const at = (x, y, text, { anchor = 'middle', of = '' } = {}) =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" class="${of}">${text}</text>`

function chart({ points }, { field, label }, ticks, left, top) {
  const bottom = top + panel.height
  const right = left + panel.width
  const sizes = points.map(({ size }) => size)
  // As many sizes as there are, evenly where they are evenly far apart in decades.
  const x = scale([sizes[0], sizes.at(-1)], left + 24, right - 24)
  const y = scale(ticks, bottom, top)
  const grid = ticks.map(
    (tick) =>
      `<line class="grid" x1="${left}" x2="${right}" y1="${y(tick).toFixed(1)}" y2="${y(tick).toFixed(1)}"/>` +
      at(left - 8, y(tick) + 4, short(tick), { anchor: 'end' }),
  )
  const places = points.map((point) => `${x(point.size).toFixed(1)},${y(point[field]).toFixed(1)}`)
  const marks = points.map(
    (point) =>
      `<circle class="point" cx="${x(point.size).toFixed(1)}" cy="${y(point[field]).toFixed(1)}" r="4"/>` +
      at(x(point.size), y(point[field]) - 10, short(point[field]), { of: 'value' }),
  )
  const names = sizes.map((size) => at(x(size), bottom + 18, short(size)))
  return `<g class="${field}">${at(left, top - 10, label, { anchor: 'start' })}
    ${grid.join('')}<polyline class="line" points="${places.join(' ')}"/>${marks.join('')}${names.join('')}</g>`
}

/**
 * @param {{ title: string, note: string, points: { size: number, seconds: number, megabytes: number }[] }[]} panels
 * @param {string} made when and where, for below
 */
export function drawGrowth(panels, made) {
  const step = panel.width + panel.left + panel.gap
  const width = panels.length * step
  const height = panel.top + rows.length * (panel.height + panel.between) + 34
  const parts = panels.map((one, column) => {
    const left = column * step + panel.left
    const charts = rows.map((row, line) => {
      const ticks = decades(
        panels.flatMap(({ points }) => points.map((point) => point[row.field])),
        row.least,
      )
      return chart(one, row, ticks, left, panel.top + line * (panel.height + panel.between))
    })
    const title = `${at(left, 24, one.title, { anchor: 'start', of: 'title' })}${at(left, 41, one.note, { anchor: 'start' })}`
    return title + charts.join('')
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="How the cost of a build grows">
  <style>${style}</style>
  <rect class="back" width="${width}" height="${height}"/>
  ${parts.join('\n  ')}
  ${at(panel.left, height - 12, made, { anchor: 'start' })}
</svg>
`
}
