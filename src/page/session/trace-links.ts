/** What the page must know about where it runs. */
export interface TraceLinks {
  /** Of Grafana, without trailing slash; absent: traces cannot be linked to. */
  grafanaUrl?: string
  /** Of the Tempo data source there. */
  tempoUid?: string
}

/**
 * Where Grafana's Explore shows a trace, or runs a TraceQL query, over a window.
 *
 * @returns undefined where Grafana is not known
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
