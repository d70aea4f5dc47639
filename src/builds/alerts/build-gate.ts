import type { Clock } from '../../base/clock.ts'
import { TtaError } from '../../base/errors.ts'
import type { AggregationParameters } from '../../model/parameters.ts'

/** A graph that is to be built anew. */
export interface AlertBuild {
  graph: string
  /** What to build; asked for when the build begins. @throws what makes it impossible */
  parameters(): AggregationParameters
  /** It was handed over. @param isNew false: an equal build was under way */
  onStarted(jobId: string, isNew: boolean): void
  /** It will not be built: another one took its place, or it was refused. */
  onDropped(reason: unknown): void
}

export type Admission =
  | { state: 'started'; jobId: string }
  /** An equal build was queued or running. */
  | { state: 'joined'; jobId: string }
  | Deferral

export interface Deferral {
  state: 'deferred'
  /** Unix ms. */
  runsAtMs: number
  /** How many it stands for besides itself. */
  coalesced: number
  reason: string
}

export interface BuildGateOptions {
  /** From one build of a graph to the next, ms; asked for when one begins. */
  minIntervalMs: () => number
  clock: Clock
  /** @throws {TtaError} TTA_QUEUE_FULL when it is to be tried later */
  submit(parameters: AggregationParameters): { id: string; isNew: boolean }
}

interface Turn {
  /** Unix ms, for people. */
  endsAtMs: number
  endWait: () => void
  /** What runs at the end of the interval. */
  next: AlertBuild | undefined
  coalesced: number
  reason: string
}

const intervalReason = 'the graph was refreshed less than min_interval_sec ago'

/**
 * Lets each graph be built once per interval. The first refresh starts at once; of those that come within the
 * interval the last one runs at its end. Waits for timers, not for the clock: a clock that is set back holds
 * nothing up.
 */
export class BuildGate {
  private readonly turns = new Map<string, Turn>()
  private readonly options: BuildGateOptions

  constructor(options: BuildGateOptions) {
    this.options = options
  }

  /** @throws what `parameters` and `submit` throw, TTA_QUEUE_FULL excepted */
  admit(refresh: AlertBuild): Admission {
    const turn = this.turns.get(refresh.graph)
    if (!turn) return this.start(refresh, 0)
    if (turn.next) {
      turn.coalesced++
      turn.next.onDropped(undefined)
    }
    turn.next = refresh
    return deferred(turn)
  }

  /** Refreshes that wait. */
  get waiting(): number {
    return [...this.turns.values()].filter(({ next }) => next).length
  }

  close(): void {
    for (const { endWait } of this.turns.values()) endWait()
    this.turns.clear()
  }

  /** @param coalesced how many it stands for besides itself, should it have to wait again */
  private start(refresh: AlertBuild, coalesced: number): Admission {
    const { submit } = this.options
    const minIntervalMs = this.options.minIntervalMs()
    const parameters = refresh.parameters()
    try {
      const { id, isNew } = submit(parameters)
      this.openTurn(refresh.graph, minIntervalMs)
      refresh.onStarted(id, isNew)
      return isNew ? { state: 'started', jobId: id } : { state: 'joined', jobId: id }
    } catch (error) {
      if (!(error instanceof TtaError) || error.code !== 'TTA_QUEUE_FULL') throw error
      const turn = this.openTurn(refresh.graph, Math.max(minIntervalMs, retryAfterMs(error)))
      Object.assign(turn, { next: refresh, coalesced, reason: 'the queue of jobs is full' })
      return deferred(turn)
    }
  }

  private openTurn(graph: string, lengthMs: number): Turn {
    const { clock } = this.options
    const turn: Turn = {
      endsAtMs: clock.now() + lengthMs,
      endWait: () => {},
      next: undefined,
      coalesced: 0,
      reason: intervalReason,
    }
    if (lengthMs > 0) {
      turn.endWait = clock.after(lengthMs, () => this.endTurn(graph, turn))
      this.turns.set(graph, turn)
    }
    return turn
  }

  private endTurn(graph: string, { next, coalesced }: Turn): void {
    this.turns.delete(graph)
    if (!next) return
    try {
      this.start(next, coalesced)
    } catch (error) {
      next.onDropped(error)
    }
  }
}

function deferred({ endsAtMs, coalesced, reason }: Turn): Deferral {
  return { state: 'deferred', runsAtMs: endsAtMs, coalesced, reason }
}

/** At least a second, so that a queue that stays full is not asked all the time. */
function retryAfterMs({ details }: TtaError): number {
  const { retryAfterSec } = details
  return typeof retryAfterSec === 'number' && retryAfterSec > 1 ? retryAfterSec * 1000 : 1000
}
