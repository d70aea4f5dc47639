import { Type } from 'typebox'
import { Parameter, Seconds, Section } from './key-types.ts'

export const GraphSection = Section('The graph of a build for which the request names none.', {
  name: Parameter('graph'),
})

/** Selection and drawing. Every key is the snake_case name of a parameter. */
export const QuerySection = Section('Traces to read and how to draw them. A request may set other values.', {
  tag: Parameter('tag'),
  filter: Parameter('filter'),
  tag_filter: Type.Optional(
    Type.String({ description: 'Another name of `filter`. Set one of the two.', examples: ['.*'] }),
  ),
  query: Type.Optional({ ...Parameter('query'), examples: ['{ status = error }'] }),
  identity: Parameter('identity'),
  group_by: Type.Optional({ ...Parameter('groupBy'), examples: ['k8s.namespace.name'] }),
  sampling_attribute: Type.Optional({ ...Parameter('samplingAttribute'), examples: ['sampling.ratio'] }),
  use_tag_as_node: Parameter('useTagAsNode'),
  count_by: Parameter('countBy'),
  user_node: Parameter('userNode'),
  service_node_sub_title: {
    ...Parameter('serviceNodeSubTitle'),
    description: 'subTitle of the nodes that `use_tag_as_node` adds.',
  },
  trace_threshold_ms: Parameter('traceThresholdMs'),
  span_names: Parameter('spanNames'),
  exclude: { ...Parameter('exclude'), examples: [['^GET /health', 'EventStream$']] },
  transparent: { ...Parameter('transparent'), examples: [['^linkerd-proxy$']] },
  peer_aliases: {
    ...Parameter('peerAliases'),
    examples: [['10.0.0.0/8 = internal', '^mongo-[0-9]+ = mongo']],
  },
  failed_when: { ...Parameter('failedWhen'), examples: [['http 500-599', 'not grpc 1']] },
  level: Parameter('level'),
  limit: Parameter('limit'),
})

/** The window. `from` is the parameter `searchFrom`, and `mode` is `searchMode`. */
export const SearchSection = Section('The window that traces are read from.', {
  from: { ...Parameter('searchFrom'), description: 'Length of the window that ends now, s.' },
  mode: Parameter('searchMode'),
})

export const LoopSection = Section('Repeated builds of the command `tta`.', {
  interval: Seconds('Time from the start of one build to the next, s; 0: build once.', {
    minimum: 0,
    maximum: 604_800,
    default: 0,
  }),
})
