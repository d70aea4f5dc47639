/** Draws what tta answers Grafana as its Node graph panel does: for a picture where no Grafana runs. */
import { layOut } from '../dist/page/layout/layout.js'
import { nodeHeight, nodeWidth } from '../dist/page/layout/node-size.js'

const radius = 40
/** The layout is one of flat boxes; circles with a title below are higher. */
const stretch = 2
const colors = { red: '#F2495C', green: '#73BF69' }
const look = { background: '#181b1f', text: '#ccccdc', muted: '#9a9ba5', edge: '#999999' }

/** @param fields of /:graph/api/graph/fields @param data of /:graph/api/graph/data @returns HTML with `#picture` */
export function panelPage(fields, { nodes, edges }) {
  const at = new Map(nodes.map(({ id }, index) => [id, index]))
  const ends = edges.map(({ source, target }) => [at.get(source), at.get(target)])
  const { x, y, width, height } = layOut({ nodeCount: nodes.length, edges: ends })
  const center = (index) => [x[index] + nodeWidth / 2, (y[index] + nodeHeight / 2) * stretch]
  const arcs = fields.nodes_fields.filter(({ field_name }) => field_name.startsWith('arc__'))
  const box = [-20, -40, width + 40, height * stretch + 110]
  return `<body style="margin:0"><svg id="picture" width="1440" viewBox="${box.join(' ')}"
    style="background:${look.background};display:block" font-family="Inter, DejaVu Sans, sans-serif" text-anchor="middle">
    <rect x="${box[0]}" y="${box[1]}" width="${box[2]}" height="${box[3]}" fill="${look.background}"/>
    ${ends.map(([source, target]) => arrow(center(source), center(target))).join('\n')}
    ${nodes.map((node, index) => circle(node, center(index), arcs)).join('\n')}
    ${legend(arcs, box)}
  </svg>`
}

function arrow([x1, y1], [x2, y2]) {
  const length = Math.hypot(x2 - x1, y2 - y1)
  const [dx, dy] = [(x2 - x1) / length, (y2 - y1) / length]
  const [tipX, tipY] = [x2 - dx * (radius + 4), y2 - dy * (radius + 4)]
  const side = (sign) => `${tipX - dx * 10 + sign * dy * 5},${tipY - dy * 10 - sign * dx * 5}`
  return `<line x1="${x1 + dx * radius}" y1="${y1 + dy * radius}" x2="${tipX}" y2="${tipY}" stroke="${look.edge}"/>
    <polygon points="${tipX},${tipY} ${side(1)} ${side(-1)}" fill="${look.edge}"/>`
}

function circle(node, [x, y], arcs) {
  const around = 2 * Math.PI * radius
  let begun = 0
  const ring = arcs.map(({ field_name, color }) => {
    const share = node[field_name]
    const dash = `${share * around} ${around}`
    const turn = -90 + begun * 360
    begun += share
    return share === 0
      ? ''
      : `<circle cx="${x}" cy="${y}" r="${radius}" fill="none" stroke="${colors[color] ?? color}" stroke-width="4"
          stroke-dasharray="${dash}" transform="rotate(${turn} ${x} ${y})"/>`
  })
  const text = (dy, size, fill, words) =>
    `<text x="${x}" y="${y + dy}" font-size="${size}" fill="${fill}">${escaped(words)}</text>`
  return `<circle cx="${x}" cy="${y}" r="${radius}" fill="#111217"/>${ring.join('')}
    ${text(-3, 11, look.text, `${node.mainStat.toFixed(2)} calls`)}
    ${text(13, 11, look.text, `${node.secondaryStat.toFixed(2)} ms`)}
    ${text(radius + 20, 14, look.text, node.title)}
    ${text(radius + 36, 12, look.muted, node.subTitle)}`
}

function legend(arcs, [left, top, , height]) {
  return arcs
    .map(({ color, displayName }, index) => {
      const [x, y] = [left + 24 + index * 90, top + height - 16]
      return `<circle cx="${x}" cy="${y - 4}" r="5" fill="${colors[color] ?? color}"/>
        <text x="${x + 12}" y="${y}" font-size="13" fill="${look.text}" text-anchor="start">${escaped(displayName)}</text>`
    })
    .join('')
}

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
