import type { BaseLogger } from 'pino'
import type { Clock } from '../../base/clock.ts'
import { TtaError } from '../../base/errors.ts'
import type { AggregationParameters } from '../../model/parameters.ts'
import type { AlertRule } from './alert-rule.ts'
import { type Admission, BuildGate } from './build-gate.ts'
import { type Alert, type AlertNotification, alertIdentity, alertName, isTest } from './notification.ts'
import { type AlertOutcome, type AlertReceipt, receiptOf } from './receipt.ts'
import { RecentKeys } from './recent-keys.ts'
import { MissingValue } from './template.ts'

/** A build that was handed over. */
export interface SubmittedBuild {
  id: string
  /** False: an equal build was queued or running. */
  isNew: boolean
  /** Whether it ended well; never rejects. */
  succeeded: Promise<boolean>
}

export interface AlertSettings {
  rules: readonly AlertRule[]
  /** From one build of a graph to the next, ms. */
  minIntervalMs: number
  /** How long a repeated alert counts as seen, ms. */
  deduplicateMs: number
}

export interface AlertBuildsOptions extends AlertSettings {
  clock: Clock
  /** @throws {TtaError} TTA_QUEUE_FULL: tried again later; other errors are the answer for the alert */
  submit(parameters: AggregationParameters): SubmittedBuild
  log: Pick<BaseLogger, 'info' | 'warn'>
}

/** Alerts remembered to know them again. */
const maxRemembered = 10_000

/** Turns alerts into builds of graphs. */
export class AlertBuilds {
  private readonly seen: RecentKeys
  private readonly gate: BuildGate
  private readonly options: AlertBuildsOptions
  private settings: AlertSettings
  /** Builds under way, and the alerts that wait for them. */
  private readonly waitingFor = new Map<string, string[]>()

  constructor(options: AlertBuildsOptions) {
    const { deduplicateMs, clock } = options
    this.options = options
    this.settings = options
    this.seen = new RecentKeys(deduplicateMs, maxRemembered)
    this.gate = new BuildGate({
      minIntervalMs: () => this.settings.minIntervalMs,
      clock,
      submit: (parameters) => this.submit(parameters),
    })
  }

  /** From now on; what waits goes on waiting, and what was seen stays seen. */
  reconfigure(settings: AlertSettings): void {
    this.settings = settings
    this.seen.maxAgeMs = settings.deduplicateMs
  }

  /** Begins, puts off or ignores what each alert asks for, at once; never waits for a build. */
  take({ alerts, truncatedAlerts = 0 }: AlertNotification): AlertReceipt {
    const receipt = receiptOf(
      alerts.flatMap((alert) => this.takeAlert(alert)),
      truncatedAlerts,
    )
    this.options.log.info({ alerts: alerts.length, outcome: receipt.message }, 'alerts received')
    return receipt
  }

  /** Graphs that wait for the end of their interval. */
  get waiting(): number {
    return this.gate.waiting
  }

  /** What waits for its interval is not built any more. */
  close(): void {
    const { waiting } = this.gate
    if (waiting > 0) this.options.log.warn({ graphs: waiting }, 'refreshes by alerts that waited are dropped')
    this.gate.close()
  }

  private takeAlert(alert: Alert): AlertOutcome[] {
    const matching = this.settings.rules.filter((rule) => rule.matches(alert))
    const outcomes = matching.map((rule) => ({
      ...this.takeUnder(rule, alert),
      rule: rule.name,
      graph: rule.graph,
    }))
    const isOfUse = outcomes.some(({ state }) => state !== 'ignored')
    if (isTest(alert) && !isOfUse) {
      return [
        outcome(alert, { state: 'ignored', reason: 'a test notification: it arrived and was admitted' }),
      ]
    }
    return outcomes.length > 0
      ? outcomes
      : [outcome(alert, { state: 'ignored', reason: 'no rule matches its labels' })]
  }

  private takeUnder(rule: AlertRule, alert: Alert): AlertOutcome {
    const ignored = (reason: string) => outcome(alert, { state: 'ignored', reason })
    if (rule.on !== 'both' && rule.on !== alert.status) {
      return ignored(`the alert is ${alert.status}, and the rule is for ${rule.on} alerts`)
    }
    if (Number.isNaN(Date.parse(alert.startsAt))) return ignored('startsAt is no time')
    const { clock } = this.options
    const key = JSON.stringify([rule.name, alertIdentity(alert)])
    if (this.seen.has(key, clock.now())) {
      return outcome(alert, { state: 'deduplicated', reason: 'the alert was seen before' })
    }
    try {
      // Before it may have to wait: what is wrong with it is said now.
      rule.parameters(alert, clock.now())
      const admission = this.admit(rule, alert, key)
      this.seen.add(key, clock.now())
      return outcome(alert, described(admission))
    } catch (error) {
      const isItsOwn =
        error instanceof MissingValue || error instanceof RangeError || error instanceof TtaError
      if (!isItsOwn) throw error
      return ignored(error.message)
    }
  }

  private admit(rule: AlertRule, alert: Alert, key: string): Admission {
    const { clock, log } = this.options
    return this.gate.admit({
      graph: rule.graph,
      parameters: () => rule.parameters(alert, clock.now()),
      onStarted: (jobId) => this.waitingFor.get(jobId)?.push(key),
      onDropped: (error) => {
        // It was never built: who sends it again gets it.
        this.seen.delete(key)
        if (error !== undefined) {
          log.warn({ err: error, graph: rule.graph, rule: rule.name }, 'refresh by an alert failed')
        }
      },
    })
  }

  private submit(parameters: AggregationParameters): { id: string; isNew: boolean } {
    const { id, isNew, succeeded } = this.options.submit(parameters)
    if (!this.waitingFor.has(id)) {
      this.waitingFor.set(id, [])
      void succeeded.then((isDone) => this.ended(id, isDone))
    }
    return { id, isNew }
  }

  /** An alert whose build failed is not held to be dealt with. */
  private ended(id: string, isDone: boolean): void {
    const keys = this.waitingFor.get(id) ?? []
    this.waitingFor.delete(id)
    if (!isDone) for (const key of keys) this.seen.delete(key)
  }
}

function outcome(alert: Alert, more: Pick<AlertOutcome, 'state'> & Partial<AlertOutcome>): AlertOutcome {
  const { fingerprint, status } = alert
  return { alert: alertName(alert), ...(fingerprint === undefined ? {} : { fingerprint }), status, ...more }
}

function described(admission: Admission): Pick<AlertOutcome, 'state'> & Partial<AlertOutcome> {
  if (admission.state === 'started') return admission
  if (admission.state === 'joined') {
    return { state: 'deduplicated', jobId: admission.jobId, reason: 'an equal build was under way' }
  }
  const { runsAtMs, coalesced, reason } = admission
  return { state: 'deferred', runsAt: new Date(runsAtMs).toISOString(), coalesced, reason }
}
