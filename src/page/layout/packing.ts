const gap = 48
/** Width to height of the whole, about that of a screen. */
const aspect = 1.6

interface Box {
  width: number
  height: number
}

/** Puts boxes in rows, in their order: the largest come first. @returns the upper left corner of each */
export function packed(boxes: readonly Box[]): { offsets: [x: number, y: number][] } & Box {
  const area = boxes.reduce((sum, { width, height }) => sum + (width + gap) * (height + gap), 0)
  const widest = boxes.reduce((most, { width }) => Math.max(most, width), 0)
  const rowWidth = Math.max(widest, Math.sqrt(area * aspect))
  const offsets: [number, number][] = []
  let [x, y, rowHeight, right] = [0, 0, 0, 0]
  for (const { width, height } of boxes) {
    if (x > 0 && x + width > rowWidth) {
      x = 0
      y += rowHeight + gap
      rowHeight = 0
    }
    offsets.push([x, y])
    right = Math.max(right, x + width)
    rowHeight = Math.max(rowHeight, height)
    x += width + gap
  }
  return { offsets, width: right, height: y + rowHeight }
}
