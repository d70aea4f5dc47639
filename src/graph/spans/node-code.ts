import { PeerRole } from './peer-columns.ts'
import { peerService } from './peer-naming.ts'

/**
 * At the service level a node is a pair (name, what it is): 0 for a service, else the role of a peer with the
 * attribute that named it. That way it is known, and can be taken back, which attributes named a peer.
 */
export const serviceCode = 0

/** Code of the node for peers there was no room for. */
export const foldedPeer = 1

const sourceBits = 5

/** @param source index into `peerAttributes` */
export const peerCode = (role: number, source: number) => (role << sourceBits) | source
/** Whoever began a trace without being named: no attribute has this number. */
export const userCode = peerCode(PeerRole.user, (1 << sourceBits) - 1)
export const roleOfCode = (code: number) => code >>> sourceBits
export const sourceOfCode = (code: number) => code & ((1 << sourceBits) - 1)

/**
 * Whether a peer is the service of the same name, should there be one: `peer.service` says so outright, and a host
 * of that name is most likely where it runs. A database or a topic may be called as a service is, and is not it.
 */
export function mayBeService(code: number): boolean {
  return roleOfCode(code) === PeerRole.external || sourceOfCode(code) === peerService
}
