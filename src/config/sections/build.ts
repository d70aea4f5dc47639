import { Bytes, Count, PositiveSeconds, Section } from './key-types.ts'

export const BuildSection = Section('Limits of builds.', {
  deadline_sec: PositiveSeconds('Longest build, s.', { maximum: 86_400, default: 300 }),
  max_concurrent: Count('Most builds that run at once. Builds of one graph never do.', {
    minimum: 1,
    maximum: 64,
    default: 2,
  }),
  max_queued: Count('Most builds that wait. One more is refused with status 429.', {
    minimum: 1,
    maximum: 10_000,
    default: 100,
  }),
  max_previews: Count('Most graphs built at once for GET requests with parameters.', {
    minimum: 1,
    maximum: 64,
    default: 4,
  }),
  max_spans: Count('Most spans of a build. A build that reaches them ends partial, with the newest spans.', {
    minimum: 1,
    maximum: 1_000_000_000,
    default: 20_000_000,
  }),
  max_bytes: Bytes(
    'Most bytes that a build reads, after decompression. It ends partial there.',
    8_589_934_592,
  ),
  late_sec: Count(
    'How late a span may arrive after its end, s. Scheduled builds and alert builds read that part again.',
    { minimum: 10, maximum: 3600, default: 120 },
  ),
  full_read_sec: Count(
    'Interval at which scheduled builds and alert builds read the whole window again, s; 0: always.',
    { minimum: 0, maximum: 86_400, default: 3600 },
  ),
  max_nodes: Count(
    'Most nodes of a kind. The least called nodes above it become one per service, named other.',
    {
      minimum: 1,
      maximum: 100_000,
      default: 10_000,
    },
  ),
})
