import type { FieldError } from '../../base/errors.ts'
import { parseFailureRule } from '../../model/failure-rules.ts'
import { parsePeerAlias } from '../../sources/peer-aliases.ts'
import { compilePattern } from '../../sources/tag-selector.ts'
import type { ConfigFile } from '../sections/config-file.ts'
import { identityErrors } from './identity.ts'

type Lists = Partial<
  Pick<ConfigFile['query'], 'identity' | 'exclude' | 'transparent' | 'peer_aliases' | 'failed_when'>
>

/** Checks the lists of the section `query`, or of the section in a named graph. */
export function queryListErrors(query: Lists): FieldError[] {
  return [
    ...identityErrors('query.identity', query.identity),
    ...itemErrors('query.exclude', query.exclude, compilePattern),
    ...itemErrors('query.transparent', query.transparent, compilePattern),
    ...itemErrors('query.peer_aliases', query.peer_aliases, parsePeerAlias),
    ...itemErrors('query.failed_when', query.failed_when, parseFailureRule),
  ]
}

/** @param parse throws a RangeError for a wrong item */
function itemErrors(
  field: string,
  items: readonly string[] = [],
  parse: (item: string) => unknown,
): FieldError[] {
  return items.flatMap((value, index) => {
    try {
      parse(value)
      return []
    } catch (error) {
      return [{ field: `${field}[${index}]`, value, message: (error as RangeError).message }]
    }
  })
}
