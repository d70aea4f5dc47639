/**
 * Matches 64-bit trace ids with 128-bit ones. Some services send only the low 64 bits of a trace id
 * (openzipkin/b3-propagation, "TraceId"). Their spans belong to the trace with these bits, if there is exactly one.
 *
 * @param idWords four words of the id of each trace, most significant first
 * @returns for each trace with a short id the trace it belongs to
 */
export function matchShortIds(idWords: ArrayLike<number>): Map<number, number> {
  const traces = idWords.length / 4
  const lowBits = (trace: number) => `${idWords[trace * 4 + 2]} ${idWords[trace * 4 + 3]}`
  const isShort = (trace: number) => idWords[trace * 4] === 0 && idWords[trace * 4 + 1] === 0
  const shortOf = new Map<string, number>()
  for (let trace = 0; trace < traces; trace++) if (isShort(trace)) shortOf.set(lowBits(trace), trace)
  if (shortOf.size === 0 || shortOf.size === traces) return new Map()

  const belongsTo = new Map<number, number>()
  const ambiguous: number[] = []
  for (let trace = 0; trace < traces; trace++) {
    const short = isShort(trace) ? undefined : shortOf.get(lowBits(trace))
    if (short === undefined) continue
    if (belongsTo.has(short)) ambiguous.push(short)
    else belongsTo.set(short, trace)
  }
  for (const short of ambiguous) belongsTo.delete(short)
  return belongsTo
}
