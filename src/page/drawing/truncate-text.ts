const known = new Map<string, string>()
const maxKnown = 20_000

/** Truncates a text to a width in the font of the context, with … at the end. */
export function truncateText(
  context: OffscreenCanvasRenderingContext2D,
  text: string,
  width: number,
): string {
  const key = `${context.font}\n${Math.round(width)}\n${text}`
  const found = known.get(key)
  if (found !== undefined) return found
  if (known.size > maxKnown) known.clear()
  const fitted = fit(context, text.slice(0, 200).replace(/\s+/g, ' '), width)
  known.set(key, fitted)
  return fitted
}

function fit(context: OffscreenCanvasRenderingContext2D, text: string, width: number): string {
  const whole = context.measureText(text).width
  if (whole <= width) return text
  const characters = [...text]
  let length = Math.floor((characters.length * width) / whole)
  while (length > 0) {
    const cut = `${characters.slice(0, length).join('').trimEnd()}…`
    if (context.measureText(cut).width <= width) return cut
    length--
  }
  return '…'
}
