import { Counter, Gauge, type Registry } from 'prom-client'
import type { GraphDocument } from '../../model/graph-document.ts'
import type { HistoryCounts } from '../../sinks/history/build-history.ts'

const statuses = ['complete', 'partial', 'empty'] as const

/** Observes the stored graphs. The values are collected at every scrape. @param now returns Unix ms */
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
        // Removes the series of removed graphs.
        this.reset()
        for (const graph of list()) value(this, graph)
      },
    })
  gauge('tta_graph_age_seconds', 'Seconds since the graph was built.', ['graph'], (age, { name, builtAt }) =>
    age.set({ graph: name }, Math.max(0, now() - Date.parse(builtAt)) / 1000),
  )
  gauge(
    'tta_graph_status',
    '1 for the status of the last build of the graph, otherwise 0.',
    ['graph', 'status'],
    (is, graph) => {
      for (const status of statuses) {
        is.set({ graph: graph.name, status }, status === graph.summary.status ? 1 : 0)
      }
    },
  )
  gauge('tta_graph_nodes', 'Number of nodes of the graph.', ['graph'], (count, { name, nodes }) =>
    count.set({ graph: name }, nodes.length),
  )
  gauge('tta_graph_edges', 'Number of edges of the graph.', ['graph'], (count, { name, edges }) =>
    count.set({ graph: name }, edges.length),
  )
}

/** Observes the history of builds. The values are collected at every scrape. */
export function observeHistory(registry: Registry, counts: Readonly<HistoryCounts>): void {
  new Counter({
    name: 'tta_history_builds_total',
    help: 'Number of builds for the history, by outcome: recorded or failed.',
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
    help: 'Number of damaged history files that were renamed and replaced.',
    registers: [registry],
    collect() {
      this.reset()
      this.inc(counts.movedAside)
    },
  })
}
