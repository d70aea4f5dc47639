import type http from 'node:http'
import { cypherKeys, type Stored, say, send } from './provider-quirks.ts'

/** How the stand-in answers one request in place of doing what is asked. */
export type Lie =
  | 'nothing stored'
  | 'stale connection'
  | 'half of the edges'
  | 'doubled edges'
  | 'other numbers'
  | 'deleted, then 503'
  | 'reset before the delete'
  | 'reset after the delete'
  | 'reset after the write'
  | 'hangs before the delete'
  | 'hangs after the delete'
  | 'refused 400'
  | 'refused 400 after the delete'
  | 'broken JSON 500'
  | 'redirect'
  | 'null arrays'
  | 'a page with 200'
  | 'a page with 404'

export const addEdgeFailed = 'Add edge failed - Both source and destination nodes should be defined'

/** Lies of reads and writes before the stored graph changes. @returns whether the response was sent, or never will be */
export function lieBeforeDelete(lie: Lie | undefined, response: http.ServerResponse): boolean {
  if (lie === 'hangs before the delete') return true
  if (lie === 'reset before the delete') response.socket?.resetAndDestroy()
  else if (lie === 'refused 400') say(response, 400, 'Not a valid json: unexpected end')
  else if (lie === 'redirect') response.writeHead(301, { location: '/elsewhere' }).end()
  else if (lie === 'null arrays') send(response, 200, { edges: null, nodes: null })
  else if (lie === 'a page with 200') response.writeHead(200).end('<html>Welcome</html>')
  else if (lie === 'a page with 404') response.writeHead(404).end('404 page not found\n')
  // The provider does not escape quotes of an error text.
  else if (lie === 'broken JSON 500') say(response, 500, 'Get edge data failed near "\nMATCH"')
  else return false
  return true
}

/** Lies after the old graph was deleted. @returns whether the response was sent, or never will be */
export function lieAfterDelete(lie: Lie | undefined, response: http.ServerResponse): boolean {
  if (lie === 'hangs after the delete') return true
  if (lie === 'reset after the delete') response.socket?.resetAndDestroy()
  else if (lie === 'refused 400 after the delete') say(response, 400, 'no')
  else if (lie === 'deleted, then 503') say(response, 503, addEdgeFailed)
  else return false
  return true
}

/** The parts that CREATE adds to the graph. */
export function storedParts(sent: Stored, lie: Lie | undefined): Stored[] {
  if (lie === 'nothing stored' || !cypherKeys(sent)) return [{ nodes: [], edges: [] }]
  if (lie === 'doubled edges') return [sent, sent]
  if (lie === 'half of the edges') return [{ ...sent, edges: sent.edges.slice(0, sent.edges.length / 2) }]
  if (lie === 'other numbers')
    return [{ ...sent, edges: sent.edges.map((row) => ({ ...row, mainStat: 77 })) }]
  return [sent]
}
