import { Type } from 'typebox'
import { Parameter, Section } from './key-types.ts'

/** What builds read and how they draw it. */
export const QuerySection = Section('What is read and how it is drawn, unless a request says otherwise', {
  tag: Parameter('tag'),
  filter: Parameter('filter'),
  tag_filter: Type.Optional(Type.String({ description: 'Other spelling of filter' })),
  query: Type.Optional(Parameter('query')),
  sampling_attribute: Type.Optional(Parameter('samplingAttribute')),
  use_tag_as_node: Parameter('useTagAsNode'),
  user_node: Parameter('userNode'),
  service_node_sub_title: Parameter('serviceNodeSubTitle'),
  trace_threshold_ms: Parameter('traceThresholdMs'),
  level: Parameter('level'),
  limit: Parameter('limit'),
})

/** Which time they read. */
export const SearchSection = Section('The window', {
  from: Parameter('searchFrom'),
  mode: Parameter('searchMode'),
})
