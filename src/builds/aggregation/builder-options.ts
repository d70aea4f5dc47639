import { nodesWhileReading } from '../../graph/columns/least-called.ts'
import { StringTable } from '../../graph/columns/string-table.ts'
import type { GraphBuilderOptions } from '../../graph/graph-builder.ts'
import type { ParameterDefaults } from '../../model/parameters.ts'
import { isServiceName, type TagSelector } from '../../sources/tag-selector.ts'

/** How parameters want their graph built; who builds it again for another purpose must build the same. */
export function builderOptions(
  { traceThresholdMs, useTagAsNode, userNode }: ParameterDefaults,
  selector: TagSelector,
  maxNodes = 10_000,
): Omit<GraphBuilderOptions, 'level'> {
  return {
    strings: new StringTable(maxNodes * nodesWhileReading),
    maxNodes,
    slowThresholdMs: traceThresholdMs,
    isTagNode: useTagAsNode ? selector.matches : undefined,
    tagIsService: isServiceName(selector),
    userNode,
  }
}
