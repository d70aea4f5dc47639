import type { FastifyBaseLogger } from 'fastify'
import type { LiveConfig } from '../config/reload.ts'
import type { Metrics } from '../operations/metrics/metrics.ts'

/** Shared by every part of tta. */
export interface Context {
  live: LiveConfig
  metrics: Metrics
  logger: FastifyBaseLogger
  /** Unix ms. */
  now: () => number
}
