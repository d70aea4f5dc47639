import stringWidth from 'string-width'

/** Characters that act instead of showing: C0, DEL, C1, line separators, directional formatting, lone surrogates. */
const acting = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]/gu

/**
 * Makes text from outside safe for a terminal. Replaces escape sequences, new lines and right-to-left overrides by
 * visible characters: ESC by U+241B and so on, everything else by U+FFFD.
 */
export function printable(text: string): string {
  return text.replace(acting, (sign) => {
    const code = sign.charCodeAt(0)
    if (code < 0x20) return String.fromCharCode(0x2400 + code)
    return code === 0x7f ? '\u2421' : '\ufffd'
  })
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Cuts printable text to at most `width` columns of the terminal. The cut end becomes an ellipsis. */
export function cutToWidth(text: string, width: number): string {
  if (stringWidth(text) <= width) return text
  let cut = ''
  let used = 0
  for (const { segment } of graphemes.segment(text)) {
    used += stringWidth(segment)
    if (used > width - 1) break
    cut += segment
  }
  return `${cut}…`
}

export interface TableColumn {
  title: string
  align: 'left' | 'right'
}

const gap = 2
/** Smallest width of a left-aligned column after cutting. */
const minWidth = 9

/**
 * Lays out printable cells below their titles. If lines exceed `width`, cuts left-aligned columns, the widest first.
 *
 * @returns the line of the titles and a line for each row, without trailing blanks
 */
export function alignColumns(
  columns: readonly TableColumn[],
  rows: readonly string[][],
  width: number,
): string[] {
  const lines = [columns.map(({ title }) => title), ...rows]
  const widths = columns.map((_, at) => Math.max(...lines.map((cells) => stringWidth(cells[at] ?? ''))))
  shrink(widths, columns, width)
  return lines.map((cells) =>
    columns
      .map(({ align }, at) => pad(cells[at] ?? '', widths[at] ?? 0, align))
      .join(' '.repeat(gap))
      .trimEnd(),
  )
}

function shrink(widths: number[], columns: readonly TableColumn[], width: number): void {
  const flexible = widths.flatMap((_, at) => (columns[at]?.align === 'left' ? [at] : []))
  const sum = () => widths.reduce((total, each) => total + each, gap * (widths.length - 1))
  for (let over = sum() - width; over > 0; over--) {
    const widest = flexible.reduce((a, b) => ((widths[b] ?? 0) > (widths[a] ?? 0) ? b : a), flexible[0] ?? 0)
    const current = widths[widest] ?? 0
    if (current <= minWidth) return
    widths[widest] = current - 1
  }
}

function pad(cell: string, width: number, align: TableColumn['align']): string {
  const text = cutToWidth(cell, width)
  const blanks = ' '.repeat(Math.max(0, width - stringWidth(text)))
  return align === 'left' ? text + blanks : blanks + text
}
