import type { ExportEdge, ExportFigures, ExportNode } from './export-graph.ts'

/** Longest line of a label, in characters. */
const maxLineLength = 60

/** How well the calls go: failing from 5 % failed on, ailing where any failed or a fifth was slow. */
export type Condition = 'failing' | 'ailing' | 'well'

export function conditionOf({ count, failed, slow }: ExportFigures): Condition {
  if (failed >= count * 0.05) return failed === 0 ? 'well' : 'failing'
  return failed > 0 || slow >= count * 0.2 ? 'ailing' : 'well'
}

/** The colours of Grafana's palette that its own service graph has for the like. */
export const colors: Record<Condition, string> = { failing: '#E02F44', ailing: '#FF9830', well: '#56A64B' }

/** What stands in a node: its name, and how it goes. */
export function nodeLines(node: ExportNode): string[] {
  return [node.title, node.subTitle, figureLine(node)].map(shortLine).filter((line) => line !== '')
}

/** "1,234 calls, 12.3 ms, 5 % failed" */
export const edgeLine = (edge: ExportEdge): string => figureLine(edge)

function figureLine({ count, meanMs, failed }: ExportFigures): string {
  const calls = `${count.toLocaleString('en-US')} ${count === 1 ? 'call' : 'calls'}`
  const share = failed === 0 ? '' : `, ${percent(failed / count)} failed`
  return `${calls}, ${threeDigits(meanMs)} ms${share}`
}

/** From 1 for a single call to 7 for a million. */
export const widthOf = ({ count }: ExportFigures): number =>
  Math.min(7, Math.round(10 + 10 * Math.log10(count)) / 10)

/** One line for a label: without what would break it or no XML can hold, and not too long. */
function shortLine(text: string): string {
  const line = Array.from(text.replace(/[\p{Cc}\p{Cs}\u{2028}\u{2029}\u{FFFE}\u{FFFF}]+/gu, ' ').trim())
  return line.length <= maxLineLength ? line.join('') : `${line.slice(0, maxLineLength - 1).join('')}…`
}

const percent = (share: number) => (share < 0.001 ? '<0.1 %' : `${threeDigits(share * 100)} %`)
const threeDigits = (value: number) => Number(value.toPrecision(3))
