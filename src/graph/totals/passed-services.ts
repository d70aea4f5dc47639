import type { StringTable } from '../columns/string-table.ts'
import { titleOf } from '../spans/node-name.ts'
import type { TransparentSpans } from '../trace/transparent-spans.ts'

/** Counts for each edge the calls that passed a transparent service, by its name. */
export class PassedServices {
  private readonly spans: TransparentSpans | undefined
  /** By edge, then by name, an index into the strings. */
  private readonly calls = new Map<number, Map<number, number>>()

  /** @param spans those of the current trace; absent if only whole edges are added */
  constructor(spans?: TransparentSpans) {
    this.spans = spans
  }

  /** Adds the calls of a span. @param isCallee whether it is the called one */
  add(edge: number, row: number, isCallee: boolean, calls: number): void {
    const { spans } = this
    if (spans === undefined) return
    for (let set = spans.setOfCall(row, isCallee); set > 0; set = spans.withoutIt(set)) {
      this.addCalls(edge, spans.nameIn(set), calls)
    }
  }

  /** Adds edge `from` of `other`, whose names are mapped by `nameOf`, to `edge`. */
  addEdge(edge: number, other: PassedServices, from: number, nameOf: (name: number) => number): void {
    for (const [name, calls] of other.calls.get(from) ?? []) this.addCalls(edge, nameOf(name), calls)
  }

  /** Returns the names of the services that calls on the edge passed, sorted. */
  read(edge: number, strings: StringTable): string[] {
    const passed = [...(this.calls.get(edge) ?? [])].filter(([, calls]) => calls > 0)
    return [...new Set(passed.map(([name]) => titleOf(strings.text(name))))].sort()
  }

  private addCalls(edge: number, name: number, calls: number): void {
    let byName = this.calls.get(edge)
    if (byName === undefined) {
      byName = new Map()
      this.calls.set(edge, byName)
    }
    byName.set(name, (byName.get(name) ?? 0) + calls)
  }
}
