import type { BaseLogger } from 'pino'
import type { Clock } from '../../base/clock.ts'
import { TtaError } from '../../base/errors.ts'
import type { AggregationParameters } from '../../model/parameters.ts'
import { type AlertRule, type AlertRuleOptions, alertRule } from './alert-rule.ts'
import { type Admission, BuildGate } from './build-gate.ts'
import { alertKey, SeenAlerts } from './duplicate-alerts.ts'
import { type Alert, type AlertNotification, alertName, isTest } from './notification.ts'
import { type AlertOutcome, type AlertReceipt, receiptOf } from './receipt.ts'
import { MissingValue } from './rule-templates.ts'

/** A build that was submitted for an alert. */
interface SubmittedBuild {
  id: string
  /** False: an equal build was queued or running. */
  isNew: boolean
  /** Resolves to whether the build succeeded; never rejects. */
  succeeded: Promise<boolean>
}

/** The part of the configuration that a reload may change. */
export interface AlertSettings {
  rules: readonly AlertRuleOptions[]
  /** Shortest time between two builds of a graph, s. */
  minIntervalSec: number
  /** How long an alert counts as seen, s. */
  deduplicateSec: number
}

export interface AlertBuildsOptions extends AlertSettings {
  clock: Clock
  /** @throws {TtaError} TTA_QUEUE_FULL is tried again later; every other error is the answer for the alert */
  submit(parameters: AggregationParameters): SubmittedBuild
  log: Pick<BaseLogger, 'info' | 'warn'>
}

/** Most alerts that are remembered as seen. */
const maxSeenAlerts = 10_000

/** Builds graphs for the alerts that rules match. */
export class AlertBuilds {
  private readonly seen: SeenAlerts
  private readonly gate: BuildGate
  private readonly options: AlertBuildsOptions
  private rules: readonly AlertRule[] = []
  private minIntervalMs = 0
  /** Running builds, and the keys of the alerts that wait for them. */
  private readonly waitingFor = new Map<string, string[]>()

  constructor(options: AlertBuildsOptions) {
    this.options = options
    this.seen = new SeenAlerts(0, maxSeenAlerts)
    this.gate = new BuildGate({
      minIntervalMs: () => this.minIntervalMs,
      clock: options.clock,
      submit: (parameters) => this.submit(parameters),
    })
    this.reconfigure(options)
  }

  /** Applies new settings to later alerts; deferred builds stay deferred. */
  reconfigure({ rules, minIntervalSec, deduplicateSec }: AlertSettings): void {
    this.rules = rules.map(alertRule)
    this.minIntervalMs = minIntervalSec * 1000
    this.seen.maxAgeMs = deduplicateSec * 1000
  }

  /** Starts, defers or ignores the builds of each alert. Never waits for a build. */
  take({ alerts, truncatedAlerts = 0 }: AlertNotification): AlertReceipt {
    const receipt = receiptOf(
      alerts.flatMap((alert) => this.takeAlert(alert)),
      truncatedAlerts,
    )
    this.options.log.info({ alerts: alerts.length, outcome: receipt.message }, 'alerts received')
    return receipt
  }

  /** Number of deferred builds. */
  get waiting(): number {
    return this.gate.waiting
  }

  /** Drops the deferred builds. */
  close(): void {
    const { waiting } = this.gate
    if (waiting > 0) this.options.log.warn({ graphs: waiting }, 'deferred alert builds dropped')
    this.gate.close()
  }

  private takeAlert(alert: Alert): AlertOutcome[] {
    const matching = this.rules.filter((rule) => rule.matches(alert))
    const outcomes = matching.map((rule) => ({
      ...this.takeUnder(rule, alert),
      rule: rule.name,
      graph: rule.graph,
    }))
    const isIgnored = outcomes.every(({ state }) => state === 'ignored')
    if (isTest(alert) && isIgnored) {
      return [
        outcome(alert, { state: 'ignored', reason: 'a test notification: it was received and accepted' }),
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
    if (Number.isNaN(Date.parse(alert.startsAt))) return ignored('startsAt is not a valid time')
    const { clock } = this.options
    const key = alertKey(rule.name, alert)
    if (this.seen.has(key, clock.now())) {
      return outcome(alert, { state: 'deduplicated', reason: 'the alert was seen before' })
    }
    try {
      // A deferred build makes its parameters later, but the sender learns of errors now.
      rule.parameters(alert, clock.now())
      const admission = this.admit(rule, alert, key)
      this.seen.add(key, clock.now())
      return outcome(alert, described(admission))
    } catch (error) {
      const isFaultOfAlert =
        error instanceof MissingValue || error instanceof RangeError || error instanceof TtaError
      if (!isFaultOfAlert) throw error
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
        // It was not built, so the same alert is not a duplicate when it is sent again.
        this.seen.delete(key)
        if (error !== undefined) {
          log.warn({ err: error, graph: rule.graph, rule: rule.name }, 'alert build failed to start')
        }
      },
    })
  }

  private submit(parameters: AggregationParameters): { id: string; isNew: boolean } {
    const { id, isNew, succeeded } = this.options.submit(parameters)
    if (!this.waitingFor.has(id)) {
      this.waitingFor.set(id, [])
      void succeeded.then((hasSucceeded) => this.ended(id, hasSucceeded))
    }
    return { id, isNew }
  }

  /** Forgets the alerts of a failed build, so that they are built when they are sent again. */
  private ended(id: string, hasSucceeded: boolean): void {
    const keys = this.waitingFor.get(id) ?? []
    this.waitingFor.delete(id)
    if (!hasSucceeded) for (const key of keys) this.seen.delete(key)
  }
}

function outcome(alert: Alert, more: Pick<AlertOutcome, 'state'> & Partial<AlertOutcome>): AlertOutcome {
  const { fingerprint, status } = alert
  return { alert: alertName(alert), ...(fingerprint === undefined ? {} : { fingerprint }), status, ...more }
}

function described(admission: Admission): Pick<AlertOutcome, 'state'> & Partial<AlertOutcome> {
  if (admission.state === 'started') return admission
  if (admission.state === 'joined') {
    const reason = 'an equal build was queued or running'
    return { state: 'deduplicated', jobId: admission.jobId, reason }
  }
  const { runsAtMs, coalesced, reason } = admission
  return { state: 'deferred', runsAt: new Date(runsAtMs).toISOString(), coalesced, reason }
}
