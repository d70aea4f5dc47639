import t from 'tap'
import type { Graph } from '../../src/graph/graph.ts'
import { GraphBuilder } from '../../src/graph/graph-builder.ts'
import { StringTable } from '../../src/graph/string-table.ts'
import { linksOf, serviceCases, sorted, spansOf, tracesOf } from './service-cases.ts'
import { spanTable, type TestSpan } from './traces.ts'

function serviceGraph(traces: TestSpan[][]): Graph {
  const strings = new StringTable()
  const builder = new GraphBuilder({ strings, slowThresholdMs: 40, level: 'service' })
  traces.forEach((spans, index) => {
    builder.add(spanTable(strings, index + 1, spans))
  })
  return builder.finishServices() ?? { nodes: [], edges: [], spans: builder.finish().spans }
}

for (const encoding of ['shared ids', 'own ids'] as const) {
  t.test(`every case of others gives the links it should, with ${encoding}`, async (t) => {
    for (const example of serviceCases) {
      if (example.storageOnly || example.name === 'getDependencies_linksMixedTraceId') continue
      const traces = tracesOf(spansOf(example, encoding))
      const times = Array.from({ length: example.putTraceTimes ?? 1 }, () => traces).flat()
      t.same(linksOf(serviceGraph(times)), sorted(example.expected), `${example.name}: ${example.why}`)
    }
  })
}
