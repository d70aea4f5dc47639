/** Keys that have another name now, with their last part today. `*` is any name and `[]` any position. */
const renamedKeys: Record<string, string> = {
  'graphs.*.schedule.every': 'every_sec',
  'build.read_all_sec': 'full_read_sec',
  'webhooks.auth.hmac_tolerance': 'hmac_tolerance_sec',
  'webhooks.min_interval': 'min_interval_sec',
  'webhooks.deduplicate': 'deduplicate_sec',
  'webhooks.rules[].before': 'before_sec',
  'webhooks.rules[].after': 'after_sec',
}

/** Returns the path that a renamed key has today; undefined for every other key. */
export function todaysName(field: string): string | undefined {
  const [, parent = '', name = ''] = /^(.*)\.([^.]+)$/.exec(field) ?? []
  const known = [parent, parent.replace(/^graphs\.[^.]+/, 'graphs.*'), parent.replace(/\[\d+\]$/, '[]')]
  const today = known.map((place) => renamedKeys[`${place}.${name}`]).find((found) => found !== undefined)
  return today === undefined ? undefined : `${parent}.${today}`
}

/** Paths of renamed keys that have an environment name. */
export const renamedPaths = Object.keys(renamedKeys).filter((path) => !/[*[]/.test(path))
