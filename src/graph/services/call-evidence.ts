import type { CallEvidence } from '../graph.ts'
import { serviceCode, sourceOfCode } from '../spans/node-code.ts'
import { peerAttributes } from '../spans/peer-naming.ts'

/** Bit n stands for attribute n: there are 17. */
export const maskOfCode = (code: number) => (code === serviceCode ? 0 : 1 << sourceOfCode(code))
export const attributesOf = (mask: number) => peerAttributes.filter((_, bit) => ((mask >> bit) & 1) === 1)

/** Gathers the evidence of edges, which have numbers from 0. */
export class EvidenceOfCalls {
  private readonly callees: number[] = []
  private readonly callers: number[] = []
  private readonly direct: boolean[] = []
  private readonly linked: boolean[] = []

  /**
   * @param caller code of the node that calls, as it was counted
   * @param callee code of the node that is called
   * @param byLink whether only a span link tells of the call
   */
  add(edge: number, caller: number, callee: number, byLink: boolean): void {
    this.direct[edge] ||= !byLink && caller === serviceCode && callee === serviceCode
    this.linked[edge] ||= byLink
    this.callers[edge] = (this.callers[edge] ?? 0) | (byLink ? 0 : maskOfCode(caller))
    this.callees[edge] = (this.callees[edge] ?? 0) | (byLink ? 0 : maskOfCode(callee))
  }

  read(edge: number): CallEvidence {
    return {
      spans: this.direct[edge] ?? false,
      links: this.linked[edge] ?? false,
      calleeNamedBy: attributesOf(this.callees[edge] ?? 0),
      callerNamedBy: attributesOf(this.callers[edge] ?? 0),
    }
  }
}
