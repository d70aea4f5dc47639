import type { ExportEdge, ExportNode, ExportRow } from './export-graph.ts'

/** Longest line of a label, in characters. */
const maxLineLength = 60

/** Health of a node or an edge, which sets its colour. */
export type Health = 'failing' | 'degraded' | 'healthy'

/** Returns failing if at least 5 % of the calls failed, degraded if any failed or at least 20 % were slow. */
export function healthOf({ count, failed, slow }: ExportRow): Health {
  if (failed >= count * 0.05) return failed === 0 ? 'healthy' : 'failing'
  return failed > 0 || slow >= count * 0.2 ? 'degraded' : 'healthy'
}

/** The colours that Grafana's service graph uses. */
export const colors: Record<Health, string> = { failing: '#E02F44', degraded: '#FF9830', healthy: '#56A64B' }

/** Returns the lines of a node's label: title, subtitle, calls. */
export function nodeLines(node: ExportNode): string[] {
  return [node.title, node.subTitle, callsLine(node)].map(shortLine).filter((line) => line !== '')
}

/** Returns an edge's label: "1,234 calls, 12.3 ms, 5 % failed". */
export const edgeLine = (edge: ExportEdge): string => callsLine(edge)

function callsLine({ count, meanMs, failed }: ExportRow): string {
  const calls = `${count.toLocaleString('en-US')} ${count === 1 ? 'call' : 'calls'}`
  const share = failed === 0 ? '' : `, ${percent(failed / count)} failed`
  return `${calls}, ${threeDigits(meanMs)} ms${share}`
}

/** Returns the label of a group. */
export const groupLine = (name: string): string => shortLine(name) || '(no name)'

/** Returns the line width of an edge: from 1 for a single call to 7 for a million. */
export const widthOf = ({ count }: ExportRow): number =>
  Math.min(7, Math.round(10 + 10 * Math.log10(count)) / 10)

/** Returns the text as one short line, without line breaks and characters that XML cannot contain. */
function shortLine(text: string): string {
  const line = Array.from(text.replace(/[\p{Cc}\p{Cs}\u{2028}\u{2029}\u{FFFE}\u{FFFF}]+/gu, ' ').trim())
  return line.length <= maxLineLength ? line.join('') : `${line.slice(0, maxLineLength - 1).join('')}…`
}

const percent = (share: number) => (share < 0.001 ? '<0.1 %' : `${threeDigits(share * 100)} %`)
const threeDigits = (value: number) => Number(value.toPrecision(3))
