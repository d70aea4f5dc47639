/** Where the page links traces to. */
export interface TraceLinks {
  /** URL of Grafana without trailing slash; absent if traces cannot be linked. */
  grafanaUrl?: string
  /** UID of Grafana's Tempo data source. */
  tempoUid?: string
}

/**
 * Returns the URL of Grafana Explore for a trace id or a TraceQL query in a window.
 *
 * @returns undefined if Grafana is not configured
 */
export function exploreUrl(
  { grafanaUrl, tempoUid }: TraceLinks,
  query: string,
  window: { from: string; to: string },
): string | undefined {
  if (grafanaUrl === undefined || tempoUid === undefined) return undefined
  const range = { from: String(Date.parse(window.from)), to: String(Date.parse(window.to)) }
  const datasource = { type: 'tempo', uid: tempoUid }
  const queries = [{ refId: 'A', datasource, queryType: 'traceql', query }]
  const panes = { tta: { datasource: tempoUid, queries, range } }
  const parameters = new URLSearchParams({ schemaVersion: '1', orgId: '1', panes: JSON.stringify(panes) })
  return `${grafanaUrl}/explore?${parameters}`
}
