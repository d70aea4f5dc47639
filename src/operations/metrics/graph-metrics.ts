import { Counter, Gauge, type Registry } from 'prom-client'
import type { GraphDocument } from '../../model/graph-document.ts'
import type { HistoryCounts } from '../../sinks/history/build-history.ts'

const statuses = ['complete', 'partial', 'empty'] as const

/** What readers see at the moment, graph by graph: taken at every scrape. @param now Unix ms */
export function observeGraphs(registry: Registry, list: () => GraphDocument[], now: () => number): void {
  const gauge = (
    name: string,
    help: string,
    labelNames: string[],
    value: (gauge: Gauge, graph: GraphDocument) => void,
  ) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        // A graph that was removed is gone here too.
        this.reset()
        for (const graph of list()) value(this, graph)
      },
    })
  gauge('tta_graph_age_seconds', 'Time since the graph was built', ['graph'], (age, { name, builtAt }) =>
    age.set({ graph: name }, Math.max(0, now() - Date.parse(builtAt)) / 1000),
  )
  gauge(
    'tta_graph_status',
    '1 for the status of the last build of the graph',
    ['graph', 'status'],
    (is, graph) => {
      for (const status of statuses) {
        is.set({ graph: graph.name, status }, status === graph.summary.status ? 1 : 0)
      }
    },
  )
  gauge('tta_graph_nodes', 'Nodes of the graph', ['graph'], (count, { name, nodes }) =>
    count.set({ graph: name }, nodes.length),
  )
  gauge('tta_graph_edges', 'Edges of the graph', ['graph'], (count, { name, edges }) =>
    count.set({ graph: name }, edges.length),
  )
}

/** What has become of the builds that were to be kept: taken at every scrape. */
export function observeHistory(registry: Registry, counts: Readonly<HistoryCounts>): void {
  new Counter({
    name: 'tta_history_builds_total',
    help: 'Builds that were to be kept, by outcome',
    labelNames: ['outcome'],
    registers: [registry],
    collect() {
      this.reset()
      this.inc({ outcome: 'recorded' }, counts.recorded)
      this.inc({ outcome: 'failed' }, counts.failed)
    },
  })
  new Counter({
    name: 'tta_history_damaged_files_total',
    help: 'Damaged files of builds that were moved aside',
    registers: [registry],
    collect() {
      this.reset()
      this.inc(counts.movedAside)
    },
  })
}
