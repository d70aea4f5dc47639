import type { FastifyBaseLogger } from 'fastify'
import type { LiveConfig } from '../config/reload.ts'
import type { Metrics } from '../operations/metrics/metrics.ts'

/** What every part of tta is made with. */
export interface Context {
  live: LiveConfig
  metrics: Metrics
  logger: FastifyBaseLogger
  /** Unix ms. */
  now: () => number
}
