import type { StringTable } from '../columns/string-table.ts'
import type { SpanTable } from '../spans/span-table.ts'
import { ExcludedSpans } from './excluded-spans.ts'
import type { SpanCounts } from './span-counts.ts'
import { ParentState, type TraceTree } from './trace-tree.ts'
import { TransparentSpans } from './transparent-spans.ts'

export interface LeftOutOptions {
  /** Whether spans of a service, or of a span name, and all spans below them count nowhere. */
  isExcluded?: ((text: string) => boolean) | undefined
  /** Whether spans of a service are seen through: its callers call what it calls. */
  isTransparent?: ((service: string) => boolean) | undefined
  /** Whether the tag is the service name, so that the service level needs no tag nodes. */
  tagIsService?: boolean | undefined
}

/** Leaves excluded and transparent spans out of the traces of a builder. */
export class LeftOutSpans {
  readonly transparent: TransparentSpans | undefined
  private readonly excluded: ExcludedSpans | undefined
  private isAny = false

  constructor(strings: StringTable, { isExcluded, isTransparent, tagIsService }: LeftOutOptions) {
    this.excluded = isExcluded && new ExcludedSpans(strings, isExcluded)
    this.transparent = isTransparent && new TransparentSpans(strings, isTransparent, tagIsService)
  }

  /** Leaves the spans out of a trace until `restore` is called. The tree stays changed. */
  leaveOut(spans: SpanTable, tree: TraceTree): void {
    const hasExcluded = this.excluded?.mark(spans, tree) ?? false
    const hasTransparent = this.transparent?.hide(spans, tree) ?? false
    this.isAny = hasExcluded || hasTransparent
  }

  restore(spans: SpanTable): void {
    this.transparent?.restore(spans)
  }

  /** Whether a row of the current trace is excluded. */
  isExcluded(row: number): boolean {
    return this.isAny && this.excluded?.has(row) === true
  }

  /** Corrects the counts of a trace, which have transparent spans as spans without a service. */
  correct(counts: SpanCounts, spans: SpanTable, tree: TraceTree, sign: 1 | -1): void {
    if (!this.isAny) return
    for (let row = 0; row < spans.length; row++) {
      const isContext = spans.context?.[row] === 1
      // A span outside the window was taken off the duplicates.
      if (this.excluded?.has(row)) counts[isContext ? 'duplicates' : 'excluded'] += sign
      else if (isContext || tree.parent[row] === ParentState.duplicate) continue
      else if (this.transparent?.isHidden(row)) {
        counts.transparent += sign
        counts.withoutService -= sign
      }
    }
  }
}
