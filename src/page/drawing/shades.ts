import type { DrawnEdge, DrawnNode } from '../session/drawn-graph.ts'
import type { View } from '../session/view.ts'

/** Names of the colours in the palette. */
export const shades = [
  'plain',
  'passed',
  'slow',
  'failed1',
  'failed2',
  'failed3',
  'latency0',
  'latency1',
  'latency2',
  'latency3',
  'latency4',
  'new',
  'gone',
  'better',
] as const
export type Shade = (typeof shades)[number]

type CallStatistics = Pick<DrawnNode | DrawnEdge, 'count' | 'failed' | 'p95Ms' | 'change'>

/** Colours of nodes and edges, and widths of edges. */
export interface Shades {
  shadeOf(one: CallStatistics): Shade
  /** px at zoom 1. */
  widthOf(edge: CallStatistics): number
  /** Upper bounds of all latency classes except the last, ms; [] if colours do not show latency. */
  latencyStepsMs: number[]
}

type Colour = View['colour'] | 'changes'

/**
 * Chooses colours and widths.
 *
 * @param colour `errors` colours by the share of failed calls; `latency` by p95, in five classes of equal size;
 *   `changes` by the result of a comparison
 */
export function chooseShades(
  edges: readonly DrawnEdge[],
  nodes: readonly DrawnNode[],
  colour: Colour,
): Shades {
  const most = edges.reduce((max, { count }) => Math.max(max, count), 1)
  const steps = colour === 'latency' ? stepsOf([...edges, ...nodes].map(({ p95Ms }) => p95Ms)) : []
  const classOf = (ms: number) => {
    const at = steps.findIndex((step) => ms <= step)
    return at === -1 ? steps.length : at
  }
  const shadeOf = (one: CallStatistics): Shade => {
    if (colour === 'latency') return `latency${classOf(one.p95Ms)}` as Shade
    return colour === 'changes' ? byChange(one) : byErrors(one)
  }
  const widthOf = ({ count }: CallStatistics) => 1 + 5 * (Math.log1p(count) / Math.log1p(most)) ** 2
  return { shadeOf, widthOf, latencyStepsMs: steps }
}

function byErrors({ failed, count }: CallStatistics): Shade {
  const share = failed / Math.max(count, 1)
  if (share === 0) return 'plain'
  return share < 0.01 ? 'failed1' : share < 0.1 ? 'failed2' : 'failed3'
}

function byChange({ change }: CallStatistics): Shade {
  if (change === 'new' || change === 'gone') return change
  if (change === 'failing more') return 'failed3'
  if (change === 'slower') return 'slow'
  return change === 'faster' || change === 'failing less' ? 'better' : 'plain'
}

/** Returns the bounds between five classes of equal size. Equal values form one class. */
function stepsOf(values: number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b)
  const bounds = [0.2, 0.4, 0.6, 0.8].map((share) => sorted[Math.floor(sorted.length * share)] ?? 0)
  return [...new Set(bounds)].filter((bound) => bound < (sorted.at(-1) ?? 0))
}
