import type { FailureRule } from '../../model/failure-rules.ts'
import type { Attribute } from '../tag-selector.ts'

/** Attributes that are read of spans, in addition to their fields. */
export interface SpanProjection {
  /** The resource attributes that identify a service. @default service.name */
  identity?: readonly string[] | undefined
  /** The attribute whose values are the groups of spans. @default spans have no groups */
  group?: Attribute | undefined
  /** Whether attributes of peers, and links, are read. */
  peers?: boolean | undefined
  /** Whether the addresses of clients are read, if peers are. @default false */
  clients?: boolean | undefined
  /** The attribute that says how spans were sampled. */
  sampling?: Attribute | undefined
  /** Rules that set the status of spans by their HTTP and gRPC codes. */
  failures?: readonly FailureRule[] | undefined
}
