import { withRoom } from '../columns/grow.ts'
import { DurationSketches } from './duration-sketch.ts'

/** How the callers of an edge went about it: spans that call it, and the calls that each made. All 0 where unknown. */
export interface CallPattern {
  /** Spans that made a call. */
  parents: number
  /** Calls of these; those whose caller sent no span are not among them. */
  calls: number
  /** Calls that 95 % of the parents do not exceed; within 1 %, exact to 128. */
  p95PerParent: number
  /** Most calls of one parent; within 1 %, exact to 128. */
  maxPerParent: number
  /** Calls known to have begun after another of the same parent: a summary span says of its calls only the first. */
  followers: number
  /** Followers that began while an earlier one went on. */
  overlapping: number
  /** Calls that began after an earlier one of the same parent had failed and ended. */
  retries: number
}

export const noPattern: CallPattern = {
  parents: 0,
  calls: 0,
  p95PerParent: 0,
  maxPerParent: 0,
  followers: 0,
  overlapping: 0,
  retries: 0,
}

/** Several calls of one parent. */
export type SiblingGroup = Pick<CallPattern, 'calls' | 'followers' | 'overlapping' | 'retries'>

const fields = 6
const singles = 0
const groups = 1
const groupedCalls = 2
const followers = 3
const overlapping = 4
const retries = 5

/**
 * Call patterns of many edges. All are counts, so order changes nothing, and what was added can be taken back. A
 * parent with a single call, which most are, is one number more and no entry of a sketch.
 */
export class CallPatterns {
  private counts = new Float64Array(64 * fields)
  /** Calls per parent, of parents with several. */
  private readonly groupSizes = new DurationSketches()

  /** A parent that made one call. */
  addSingle(edge: number, sign: 1 | -1): void {
    this.count(edge, singles, sign)
  }

  /** A parent that made several calls. */
  addGroup(edge: number, group: SiblingGroup, sign: 1 | -1): void {
    this.count(edge, groups, sign)
    this.count(edge, groupedCalls, sign * group.calls)
    this.count(edge, followers, sign * group.followers)
    this.count(edge, overlapping, sign * group.overlapping)
    this.count(edge, retries, sign * group.retries)
    this.groupSizes.add(edge, group.calls, sign)
  }

  /** Adds edge `from` of `other` to edge `edge`. */
  addRow(edge: number, other: CallPatterns, from: number): void {
    for (let field = 0; field < fields; field++) {
      this.count(edge, field, other.counts[from * fields + field] ?? 0)
    }
    this.groupSizes.addRow(edge, other.groupSizes, from)
  }

  read(edge: number): CallPattern {
    const at = (field: number) => this.counts[edge * fields + field] ?? 0
    const parents = at(singles) + at(groups)
    if (parents === 0) return { ...noPattern }
    return {
      parents,
      calls: at(singles) + at(groupedCalls),
      p95PerParent: this.sizeAt(edge, Math.ceil((parents * 95) / 100)),
      maxPerParent: this.sizeAt(edge, parents),
      followers: at(followers),
      overlapping: at(overlapping),
      retries: at(retries),
    }
  }

  /** Calls of the parent with this rank, from 1, in order of calls. */
  private sizeAt(edge: number, rank: number): number {
    const first = edge * fields
    const groupRank = rank - this.counts[first + singles]!
    if (groupRank <= 0) return 1
    if (this.counts[first + groups] === 1) return this.counts[first + groupedCalls]!
    return Math.round(this.groupSizes.atRanks(edge, [groupRank])[0]!)
  }

  private count(edge: number, field: number, times: number): void {
    const at = edge * fields + field
    if (at >= this.counts.length) {
      this.counts = withRoom(this.counts, at + fields)
    }
    this.counts[at]! += times
  }
}
