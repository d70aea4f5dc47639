import { codeAttributes, type FailureRule, grpcNames } from '../model/failure-rules.ts'
import { attributeTerm, hasValue } from '../model/traceql-terms.ts'

/**
 * Returns a TraceQL condition on failed spans. It negates a disjunction only: Tempo fetches no other spans than those
 * that match every condition below a negation, unless there is an `||`.
 */
export function failedTerm(rules: readonly FailureRule[]): string {
  const terms = (fails: boolean) => rules.filter((rule) => rule.fails === fails).flatMap(codeTerms)
  const failing = ['status = error', ...terms(true)]
  const passing = terms(false)
  const failed = failing.length === 1 ? failing.join() : `(${failing.join(' || ')})`
  return passing.length === 0 ? failed : `${failed} && !(${passing.join(' || ')})`
}

/** Returns a condition for each attribute that may hold the code, at least two. */
function codeTerms({ protocol, from, to }: FailureRule): string[] {
  return codeAttributes[protocol].flatMap((key) => {
    const term = attributeTerm('span', key)
    if (key === 'rpc.response.status_code') {
      return grpcNames.slice(from, to + 1).map((name) => hasValue(term, name))
    }
    return [from === to ? `${term} = ${from}` : `(${term} >= ${from} && ${term} <= ${to})`]
  })
}
