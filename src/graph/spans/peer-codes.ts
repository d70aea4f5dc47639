import { indexesOf, type PeerAttribute, peerAttributes } from './peer-attributes.ts'
import { PeerRole } from './peer-columns.ts'

/**
 * At the service level a node is a pair of a name and a code. The code of a service is 0; that of a peer holds its role
 * and the attribute that named it. So a trace can be removed, and the attributes that still name the peer are known.
 */
export const serviceCode = 0

/** Code of the node for peers beyond the limit. */
export const otherPeerCode = 1

const attributeBits = 5
const serviceNames = indexesOf('service.peer.name', 'peer.service')

/** @param role a `PeerRole` @param attribute index into `peerAttributes` */
export const peerCode = (role: number, attribute: number) => (role << attributeBits) | attribute
/** Code of the user node; no attribute has this index. */
export const userCode = peerCode(PeerRole.user, (1 << attributeBits) - 1)
export const roleOfCode = (code: number) => code >>> attributeBits
const attributeOfCode = (code: number) => code & ((1 << attributeBits) - 1)

/**
 * Returns whether a peer is the service of the same name, if the graph has one. `service.peer.name` and `peer.service`
 * name a service, and a host with a service's name most likely runs it. A database or a topic may share its name with a
 * service.
 */
export function mayBeService(code: number): boolean {
  return roleOfCode(code) === PeerRole.external || serviceNames.includes(attributeOfCode(code))
}

/** Returns the attribute that named a peer; undefined for a service, the user, and peers beyond the limit. */
export const namingAttributeOf = (code: number): PeerAttribute | undefined =>
  code === serviceCode || code === otherPeerCode ? undefined : peerAttributes[attributeOfCode(code)]
