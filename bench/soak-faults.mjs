import { damaged, html, tooLarge, withJobs } from '../test/support/tempo/tempo-faults.ts'
import { text } from '../test/support/tempo/tempo-stand-in.ts'

const once =
  (fault) =>
  ({ n }) =>
    n === 1 ? fault : undefined
const always = (fault) => () => fault
const seconds = ({ params }) => Number(params.get('end')) - Number(params.get('start'))

/**
 * The faults of builds: the relative frequency, and the expected outcome or the code of the expected problem.
 * `onSearch` answers the n-th search of the build. The other functions are called when the build starts.
 */
export const faults = [
  { kind: 'none', weight: 30, comesTo: 'complete' },
  { kind: 'Tempo: 429 once', weight: 5, comesTo: 'complete', onSearch: once(text(429, 'job queue full')) },
  {
    kind: 'Tempo: 503 twice',
    weight: 5,
    comesTo: 'complete',
    onSearch: ({ n }) => (n <= 2 ? text(503, 'no healthy upstream') : undefined),
  },
  { kind: 'Tempo: reset once', weight: 5, comesTo: 'complete', onSearch: once('reset') },
  {
    kind: 'Tempo: reset in mid-body once',
    weight: 5,
    comesTo: 'complete',
    onSearch: ({ n, answer }) => (n === 1 ? { ...answer(), resetAfter: 20 } : undefined),
  },
  { kind: 'Tempo: hangs once', weight: 4, comesTo: 'complete', onSearch: once('hang') },
  {
    kind: 'Tempo: larger than the max over 20 s',
    weight: 5,
    comesTo: 'complete',
    onSearch: (asked) => (seconds(asked) > 20 ? tooLarge : undefined),
  },
  {
    kind: 'Tempo: a part of the jobs left out',
    weight: 4,
    comesTo: 'partial',
    onSearch: ({ answer }) => withJobs(answer(), 2),
  },
  { kind: 'Tempo: nothing there', weight: 4, comesTo: 'empty', traces: () => [] },
  {
    kind: 'Tempo: drips',
    weight: 2,
    comesTo: 'TTA_TEMPO_UNAVAILABLE',
    onSearch: ({ answer }) => ({ ...answer(), dripMs: 100 }),
  },
  { kind: 'Tempo: hangs always', weight: 2, comesTo: 'TTA_TEMPO_UNAVAILABLE', onSearch: always('hang') },
  {
    kind: 'Tempo: 429 storm',
    weight: 2,
    comesTo: 'TTA_TEMPO_UNAVAILABLE',
    onSearch: always(text(429, 'job queue full')),
  },
  {
    kind: 'Tempo: 500 always',
    weight: 3,
    comesTo: 'TTA_TEMPO_UNAVAILABLE',
    onSearch: always(text(500, 'panic')),
  },
  {
    kind: 'Tempo: larger than the max always',
    weight: 2,
    comesTo: 'TTA_TEMPO_UNAVAILABLE',
    onSearch: always(tooLarge),
  },
  {
    kind: 'Tempo: 401',
    weight: 3,
    comesTo: 'TTA_TEMPO_UNAUTHORIZED',
    onSearch: always(text(401, 'no org id')),
  },
  {
    kind: 'Tempo: an HTML page of a proxy',
    weight: 3,
    comesTo: 'TTA_TEMPO_BAD_ANSWER',
    onSearch: always(html),
  },
  { kind: 'Tempo: damaged gzip', weight: 3, comesTo: 'TTA_TEMPO_BAD_ANSWER', onSearch: always(damaged) },
  {
    kind: 'Tempo: protobuf cut short',
    weight: 3,
    comesTo: 'TTA_TEMPO_BAD_ANSWER',
    onSearch: ({ answer }) => ({ ...answer(), body: Buffer.from(answer().body).subarray(0, -30) }),
  },
  {
    kind: 'provider: 201 and nothing stored, once',
    weight: 4,
    comesTo: 'complete',
    provider: (provider) => provider.lieOnWrite('nothing stored'),
  },
  {
    kind: 'provider: half stored, once',
    weight: 4,
    comesTo: 'complete',
    provider: (provider) => provider.lieOnWrite('half of the edges'),
  },
  {
    kind: 'provider: edges of another writer, once',
    weight: 4,
    comesTo: 'complete',
    provider: (provider) => provider.lieOnWrite('doubled edges'),
  },
  {
    kind: 'provider: hangs once',
    weight: 3,
    comesTo: 'complete',
    provider: (provider) => provider.lieOnWrite('hangs after the delete'),
  },
  {
    kind: 'provider: refuses every graph',
    weight: 3,
    comesTo: 'TTA_SINK_FAILED',
    provider: (provider) => provider.lieOnWrite(['deleted, then 503', 99]),
  },
  {
    kind: 'provider: no answer to any read',
    weight: 3,
    comesTo: 'TTA_SINK_FAILED',
    provider: (provider) => provider.lieOnRead(['a page with 200', 99]),
  },
  { kind: 'history: locked by another process', weight: 1, comesTo: 'complete', lock: true },
  {
    kind: 'a person cancels it',
    weight: 4,
    comesTo: 'cancelled',
    onSearch: always('hang'),
    cancel: true,
  },
]

/** @param random from 0 to 1 */
export function pickFault(random) {
  let left = random() * faults.reduce((sum, { weight }) => sum + weight, 0)
  return faults.find(({ weight }) => {
    left -= weight
    return left < 0
  })
}
