import type { DrawnEdge, DrawnNode } from '../session/drawn-graph.ts'
import type { View } from '../session/view.ts'

/** A colour by its name in the palette. */
export type Shade =
  | 'plain'
  | 'passed'
  | 'slow'
  | 'failed1'
  | 'failed2'
  | 'failed3'
  | 'latency0'
  | 'latency1'
  | 'latency2'
  | 'latency3'
  | 'latency4'
  | 'new'
  | 'gone'
  | 'better'

type Figures = Pick<DrawnNode | DrawnEdge, 'count' | 'failed' | 'p95Ms' | 'change'>

/** Which colour each node and edge has, and how wide edges are. */
export interface Shades {
  shadeOf(one: Figures): Shade
  /** px at zoom 1. */
  widthOf(edge: Figures): number
  /** Upper ends of the latency classes but the last, ms; [] where colours tell something else. */
  latencyStepsMs: number[]
}

type Colour = View['colour'] | 'changes'

/**
 * @param colour `latency` shades by the 95th percentile, in five classes with as many edges each; `changes` by what
 *   a comparison found
 */
export function shadesOf(edges: readonly DrawnEdge[], nodes: readonly DrawnNode[], colour: Colour): Shades {
  const most = edges.reduce((max, { count }) => Math.max(max, count), 1)
  const steps = colour === 'latency' ? stepsOf([...edges, ...nodes].map(({ p95Ms }) => p95Ms)) : []
  const classOf = (ms: number) => {
    const at = steps.findIndex((step) => ms <= step)
    return at === -1 ? steps.length : at
  }
  const shadeOf = (one: Figures): Shade => {
    if (colour === 'latency') return `latency${classOf(one.p95Ms)}` as Shade
    return colour === 'changes' ? byChange(one) : byErrors(one)
  }
  const widthOf = ({ count }: Figures) => 1 + 5 * (Math.log1p(count) / Math.log1p(most)) ** 2
  return { shadeOf, widthOf, latencyStepsMs: steps }
}

function byErrors({ failed, count }: Figures): Shade {
  const share = failed / Math.max(count, 1)
  if (share === 0) return 'plain'
  return share < 0.01 ? 'failed1' : share < 0.1 ? 'failed2' : 'failed3'
}

function byChange({ change }: Figures): Shade {
  if (change === 'new' || change === 'gone') return change
  if (change === 'failing more') return 'failed3'
  if (change === 'slower') return 'slow'
  return change === 'faster' || change === 'failing less' ? 'better' : 'plain'
}

/** Bounds between five classes of the same size; values that are all alike are one class. */
function stepsOf(values: number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b)
  const bounds = [0.2, 0.4, 0.6, 0.8].map((share) => sorted[Math.floor(sorted.length * share)] ?? 0)
  return [...new Set(bounds)].filter((bound) => bound < (sorted.at(-1) ?? 0))
}
