import { cutToWidth, displayWidth } from './display-text.ts'

export interface TableColumn {
  title: string
  align: 'left' | 'right'
}

const gap = 2
/** A left-aligned column is never cut below this. */
const minWidth = 9

/**
 * Lays out printable cells below their titles. Where the line would be longer than `width`, left-aligned columns are
 * cut, the widest first.
 *
 * @returns the line of the titles and a line for each row, without trailing blanks
 */
export function alignColumns(
  columns: readonly TableColumn[],
  rows: readonly string[][],
  width: number,
): string[] {
  const lines = [columns.map(({ title }) => title), ...rows]
  const widths = columns.map((_, at) => Math.max(...lines.map((cells) => displayWidth(cells[at] ?? ''))))
  shrink(widths, columns, width)
  return lines.map((cells) =>
    columns
      .map(({ align }, at) => padded(cells[at] ?? '', widths[at] ?? 0, align))
      .join(' '.repeat(gap))
      .trimEnd(),
  )
}

function shrink(widths: number[], columns: readonly TableColumn[], width: number): void {
  const flexible = widths.flatMap((_, at) => (columns[at]?.align === 'left' ? [at] : []))
  const sum = () => widths.reduce((total, each) => total + each, gap * (widths.length - 1))
  for (let over = sum() - width; over > 0; over--) {
    const widest = flexible.reduce((a, b) => ((widths[b] ?? 0) > (widths[a] ?? 0) ? b : a), flexible[0] ?? 0)
    const now = widths[widest] ?? 0
    if (now <= minWidth) return
    widths[widest] = now - 1
  }
}

function padded(cell: string, width: number, align: TableColumn['align']): string {
  const text = cutToWidth(cell, width)
  const blanks = ' '.repeat(Math.max(0, width - displayWidth(text)))
  return align === 'left' ? text + blanks : blanks + text
}
