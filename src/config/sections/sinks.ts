import { Type } from 'typebox'
import { Count, Headers, PositiveSeconds, RequestTimeout, Section, Url } from './key-types.ts'

export const HistorySection = Section(
  'Earlier builds. Without `path`, only the last build of each graph is kept, in memory.',
  {
    path: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4096,
        description: 'Database file, created with its folder. Several tta processes may share it.',
        examples: ['/var/lib/tta/history.db'],
      }),
    ),
    max_builds: Count('Most builds kept of a graph.', { minimum: 1, maximum: 100_000, default: 50 }),
    max_age_sec: PositiveSeconds('How long a build is kept, s. The last build of a graph is always kept.', {
      maximum: 315_360_000,
      default: 2_592_000,
    }),
  },
)

export const NodegraphProviderSection = Section(
  'opsdis/nodegraph-provider. Without `url`, graphs are in the embedded store only.',
  {
    url: Type.Optional(Url('Base URL, http or https.', 'http://localhost:9393')),
    headers: Headers,
    timeout: RequestTimeout(),
    retries: Count('Retries of a failed write.', { minimum: 0, maximum: 20, default: 3 }),
  },
)

export const GrafanaSection = Section(
  'Grafana, for links from the page to traces. Without `url`, the page offers ids to copy.',
  {
    url: Type.Optional(Url('Base URL, http or https, as browsers reach it.', 'http://localhost:3000')),
    tempo_uid: Type.String({
      pattern: '^[a-zA-Z0-9_-]{1,40}$',
      default: 'tempo',
      description: 'uid of the Tempo data source in Grafana: letters, digits, _ and -.',
    }),
  },
)
