/**
 * The graph of `input.otlp.json`, counted by hand from the list of its spans, not by the program.
 *
 * 182 spans: 181 on a node, 1 without `service.name`. 12 roots (two-roots has two, the orphan none), 1 orphan,
 * 2 calls of a node to itself, 166 calls along edges; 12 + 1 + 2 + 166 = 181.
 */
const gateway = 'api-gateway'
const customers = 'customers-service'
const visits = 'visits-service'
const vets = 'vets-service'
const mail = 'mail-service'
const awkward = 'Ünïcode "svc" \\ back\nline'

/** service, operation, calls, failed, slow (over 40 ms and not failed), mean ms */
export const expectedNodes: [string, string, number, number, number, number][] = [
  [gateway, 'GET', 3, 1, 0, (20 + 22 + 25) / 3],
  [gateway, 'GET /api/config', 1, 0, 0, 11],
  [gateway, 'GET /api/owners', 1, 0, 1, 48],
  [gateway, 'GET /api/vets', 2, 1, 1, (30 + 90) / 2],
  ['batch-runner', 'chunk', 74, 0, 0, 1.5],
  ['batch-runner', 'nightly', 1, 0, 1, 400],
  ['config-server', 'GET /config', 1, 0, 0, 6],
  ['cron-a', 'tick', 1, 0, 0, 2],
  ['cron-b', 'tick', 1, 0, 0, 3],
  [customers, 'GET /owners', 1, 0, 0, 16],
  [customers, 'GET /owners/{id}', 1, 0, 0, 7],
  [customers, 'PUT /owners/{id}', 75, 0, 0, 1.5],
  [customers, 'SELECT petclinic.owners', 1, 0, 0, 9],
  [customers, 'SELECT petclinic.pets', 1, 0, 0, 4],
  [mail, 'smtp.send', 1, 0, 0, 10],
  [mail, 'visits.created process', 1, 0, 0, 15],
  ['search-indexer', 'vets.changed process', 1, 0, 0, 33],
  ['tree-service', 'walk', 3, 0, 0, (20 + 8 + 9) / 3],
  [vets, 'GET /vets', 4, 3, 0, 20],
  [vets, 'POST /vets', 1, 0, 0, 9],
  [vets, 'vets.changed publish', 1, 0, 0, 1],
  [visits, 'GET /visits', 1, 0, 0, 18],
  [visits, 'POST /visits', 1, 0, 0, 12],
  [visits, 'visits.created publish', 1, 0, 0, 2],
  [awkward, "GET /it's/{id}?q=\u00a0<b>", 1, 0, 0, 5],
  ['日本語-サービス', '🚀 launch', 1, 0, 0, 3],
]

/** caller, callee (service and operation), calls, failed, mean ms of the callee */
export const expectedEdges: [[string, string], [string, string], number, number, number][] = [
  [[gateway, 'GET'], [customers, 'GET /owners'], 1, 0, 16],
  [[gateway, 'GET'], [vets, 'GET /vets'], 1, 1, 20],
  [[gateway, 'GET'], [visits, 'GET /visits'], 1, 0, 18],
  // Over a span without service.name.
  [[gateway, 'GET /api/config'], ['config-server', 'GET /config'], 1, 0, 6],
  [[gateway, 'GET /api/owners'], [gateway, 'GET'], 2, 0, (20 + 22) / 2],
  [[gateway, 'GET /api/vets'], [gateway, 'GET'], 1, 1, 25],
  // One parent, three calls: two timed out.
  [[gateway, 'GET /api/vets'], [vets, 'GET /vets'], 3, 2, 20],
  [['batch-runner', 'nightly'], ['batch-runner', 'chunk'], 74, 0, 1.5],
  [['batch-runner', 'nightly'], [customers, 'PUT /owners/{id}'], 75, 0, 1.5],
  [[customers, 'GET /owners'], [customers, 'SELECT petclinic.owners'], 1, 0, 9],
  [[customers, 'GET /owners/{id}'], [customers, 'SELECT petclinic.pets'], 1, 0, 4],
  [[mail, 'visits.created process'], [mail, 'smtp.send'], 1, 0, 10],
  [[vets, 'POST /vets'], [vets, 'vets.changed publish'], 1, 0, 1],
  [[visits, 'POST /visits'], [visits, 'visits.created publish'], 1, 0, 2],
  [[visits, 'visits.created publish'], [mail, 'visits.created process'], 1, 0, 15],
  [[awkward, "GET /it's/{id}?q=\u00a0<b>"], ['日本語-サービス', '🚀 launch'], 1, 0, 3],
]

export const expectedSpans = {
  traces: 12,
  received: 182,
  counted: 181,
  duplicates: 0,
  withoutService: 1,
  roots: 12,
  orphans: 1,
  cycles: 0,
  selfCalls: 2,
  edgeCalls: 166,
  skewed: 0,
  untimed: 0,
  outsideWindow: 0,
  badWeights: 0,
  excluded: 0,
  transparent: 0,
  doubled: 0,
  unnamedPeers: 0,
}
