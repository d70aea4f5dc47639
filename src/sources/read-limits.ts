/** The most that one read takes: past it the source stops, newest first, with what it has. */
export interface ReadLimits {
  maxSpans: number
  /** As received, after decompression. */
  maxBytes: number
}

/** Which limit has been passed, as a sentence that ends in what that means. @returns undefined: none */
export function limitPassed(
  limits: ReadLimits | undefined,
  { spans, bytes }: { spans: number; bytes: number },
): string | undefined {
  const { maxSpans = Number.POSITIVE_INFINITY, maxBytes = Number.POSITIVE_INFINITY } = limits ?? {}
  const rest = 'in the window: the oldest part was not read.'
  if (spans > maxSpans) return `More than ${maxSpans} spans (build.max_spans) ${rest}`
  return bytes > maxBytes ? `More than ${maxBytes} bytes (build.max_bytes) ${rest}` : undefined
}
