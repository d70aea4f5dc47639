/** Attributes that can name the peer of a span, in the OpenTelemetry semantic conventions of today and before. */
export const peerAttributes = [
  'service.peer.name',
  'peer.service',
  'faas.invoked_name',
  'gen_ai.provider.name',
  'gen_ai.system',
  'server.address',
  'net.peer.name',
  'http.host',
  'url.full',
  'http.url',
  'rpc.service',
  'network.peer.address',
  'net.peer.ip',
  'net.sock.peer.addr',
  'db.namespace',
  'db.name',
  'db.system.name',
  'db.system',
  'messaging.destination.name',
  'messaging.destination',
  'messaging.system',
  'client.address',
] as const
export type PeerAttribute = (typeof peerAttributes)[number]

/** Attributes that say more about a peer, or what the span does with a message. They follow `peerAttributes`. */
const peerDetails = [
  'service.peer.namespace',
  'server.port',
  'net.peer.port',
  'network.peer.port',
  'rpc.system',
  'messaging.destination.anonymous',
  'messaging.destination.temporary',
  'messaging.operation.type',
  'messaging.operation',
  'messaging.operation.name',
  'messaging.batch.message_count',
] as const

/** All attributes that `PeerNaming` reads. Their indexes are those that it takes. */
export const namingAttributes: readonly string[] = [...peerAttributes, ...peerDetails]
type NamingAttribute = PeerAttribute | (typeof peerDetails)[number]

/** Returns the index of an attribute. */
export const indexOf = (attribute: NamingAttribute) => namingAttributes.indexOf(attribute)
export const indexesOf = (...attributes: NamingAttribute[]) => attributes.map(indexOf)
/** Returns bit n for attribute n of `peerAttributes`. */
export const maskOf = (attributes: readonly number[]) =>
  attributes.reduce((mask, attribute) => mask | (1 << attribute), 0)
