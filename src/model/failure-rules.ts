/** Protocols whose status codes can decide whether a call failed. */
type Protocol = 'http' | 'grpc'

/** The span attributes with the code of each protocol, in the OpenTelemetry semantic conventions of today and before. */
export const codeAttributes: Readonly<Record<Protocol, readonly string[]>> = {
  http: ['http.response.status_code', 'http.status_code'],
  grpc: ['rpc.response.status_code', 'rpc.grpc.status_code'],
}

/** Names of the gRPC codes, in the order of their numbers (grpc.io, status codes). */
export const grpcNames: readonly string[] = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
]

/** The codes of each protocol. */
const allCodes: Record<Protocol, [least: number, most: number]> = {
  http: [100, 599],
  grpc: [0, grpcNames.length - 1],
}

/** A rule such as `http 500-599` or `not grpc 1`. */
export const failureRulePattern = '^(not )?(http|grpc) [0-9]{1,3}(-[0-9]{1,3})?$'
const parts = /^(not )?(http|grpc) (\d{1,3})(?:-(\d{1,3}))?$/

/** Status codes with which a call has failed, or has not failed, whatever its status says. */
export interface FailureRule {
  protocol: Protocol
  /** The first and the last code. */
  from: number
  to: number
  /** Whether a call with such a code has failed. */
  fails: boolean
}

/** @throws {RangeError} the text is not a rule, or its codes do not exist */
export function parseFailureRule(text: string): FailureRule {
  const [, not, name, first, last = first] = parts.exec(text) ?? []
  if (name === undefined) throw new RangeError('must be like http 500-599, grpc 14 or not http 404')
  const protocol = name as Protocol
  const [from, to] = [Number(first), Number(last)]
  const [least, most] = allCodes[protocol]
  if (from < least || to > most || from > to) {
    throw new RangeError(`must be ${protocol} codes from ${least} to ${most} in ascending order`)
  }
  return { protocol, from, to, fails: not === undefined }
}

/** Returns the span attributes that the rules depend on. */
export function attributesOfRules(rules: readonly FailureRule[]): string[] {
  const protocols = new Set(rules.map(({ protocol }) => protocol))
  return [...protocols].sort().flatMap((protocol) => codeAttributes[protocol])
}
