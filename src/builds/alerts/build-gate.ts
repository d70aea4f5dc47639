import type { Clock } from '../../base/clock.ts'
import { TtaError } from '../../base/errors.ts'
import type { AggregationParameters } from '../../model/parameters.ts'

/** A build of a graph for an alert. */
export interface AlertBuild {
  graph: string
  /** Returns the parameters; called when the build starts. @throws if they cannot be made */
  parameters(): AggregationParameters
  /** Called when the job is submitted. @param isNew false: an equal build was queued or running */
  onStarted(jobId: string, isNew: boolean): void
  /** Called when the build will not run. @param reason undefined: a later alert replaced it; else the error */
  onDropped(reason: unknown): void
}

export type Admission =
  | { state: 'started'; jobId: string }
  /** An equal build was queued or running. */
  | { state: 'joined'; jobId: string }
  | Deferral

interface Deferral {
  state: 'deferred'
  /** Unix ms. */
  runsAtMs: number
  /** Earlier builds of the graph that this one replaced. */
  coalesced: number
  reason: string
}

export interface BuildGateOptions {
  /** Returns the shortest time between two builds of a graph, ms; called when a build starts. */
  minIntervalMs: () => number
  clock: Clock
  /** @throws {TtaError} TTA_QUEUE_FULL to be called again later */
  submit(parameters: AggregationParameters): { id: string; isNew: boolean }
}

/** Time after a build in which its graph is not built again. */
interface Interval {
  /** Unix ms, for people. */
  endsAtMs: number
  endWait: () => void
  /** The build that runs at the end. */
  next: AlertBuild | undefined
  coalesced: number
  reason: string
}

const intervalReason = 'the graph was built less than min_interval_sec ago'

/**
 * Limits the builds of each graph to one per interval. The first build starts at once; of those that follow within the
 * interval, the last runs at its end. Intervals are measured by timers: a clock that is set back delays nothing.
 */
export class BuildGate {
  private readonly intervals = new Map<string, Interval>()
  private readonly options: BuildGateOptions

  constructor(options: BuildGateOptions) {
    this.options = options
  }

  /** Starts a build, or defers it to the end of the interval. @throws as `parameters` and `submit`, except TTA_QUEUE_FULL */
  admit(build: AlertBuild): Admission {
    const interval = this.intervals.get(build.graph)
    if (!interval) return this.start(build, 0)
    if (interval.next) {
      interval.coalesced++
      interval.next.onDropped(undefined)
    }
    interval.next = build
    return deferred(interval)
  }

  /** Number of deferred builds. */
  get waiting(): number {
    return [...this.intervals.values()].filter(({ next }) => next).length
  }

  /** Drops the deferred builds. */
  close(): void {
    for (const { endWait } of this.intervals.values()) endWait()
    this.intervals.clear()
  }

  /** @param coalesced earlier builds that this one has replaced */
  private start(build: AlertBuild, coalesced: number): Admission {
    const { submit } = this.options
    const minIntervalMs = this.options.minIntervalMs()
    const parameters = build.parameters()
    try {
      const { id, isNew } = submit(parameters)
      this.openInterval(build.graph, minIntervalMs)
      build.onStarted(id, isNew)
      return isNew ? { state: 'started', jobId: id } : { state: 'joined', jobId: id }
    } catch (error) {
      if (!(error instanceof TtaError) || error.code !== 'TTA_QUEUE_FULL') throw error
      const interval = this.openInterval(build.graph, Math.max(minIntervalMs, retryAfterMs(error)))
      Object.assign(interval, { next: build, coalesced, reason: 'the job queue is full' })
      return deferred(interval)
    }
  }

  private openInterval(graph: string, lengthMs: number): Interval {
    const { clock } = this.options
    const interval: Interval = {
      endsAtMs: clock.now() + lengthMs,
      endWait: () => {},
      next: undefined,
      coalesced: 0,
      reason: intervalReason,
    }
    if (lengthMs > 0) {
      interval.endWait = clock.after(lengthMs, () => this.endInterval(graph, interval))
      this.intervals.set(graph, interval)
    }
    return interval
  }

  private endInterval(graph: string, { next, coalesced }: Interval): void {
    this.intervals.delete(graph)
    if (!next) return
    try {
      this.start(next, coalesced)
    } catch (error) {
      next.onDropped(error)
    }
  }
}

function deferred({ endsAtMs, coalesced, reason }: Interval): Deferral {
  return { state: 'deferred', runsAtMs: endsAtMs, coalesced, reason }
}

/** Returns at least 1 s, so that a queue that stays full is not tried too often. */
function retryAfterMs({ details }: TtaError): number {
  const { retryAfterSec } = details
  return typeof retryAfterSec === 'number' && retryAfterSec > 1 ? retryAfterSec * 1000 : 1000
}
