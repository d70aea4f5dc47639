import { resized } from '../columns/grow.ts'
import { ListColumn } from '../columns/row-lists.ts'

/**
 * The role of a peer, which is the other end of a call as described by the span of this end. Only `user` does not come
 * from a span: it is the caller of a root that names no caller.
 */
export const PeerRole = { none: 0, database: 1, messaging: 2, external: 3, user: 4 } as const

/** The peer of a span, as `PeerNaming` finds it. */
interface NamedPeer {
  readonly name: number
  readonly role: number
  readonly attribute: number
  readonly rank: number
  readonly isLocal: boolean
  readonly action: number
  readonly messages: number
}

/**
 * The peers that the spans of a table name: columns that only the service level needs. Rows are those of the table;
 * names are indexes into its strings, 0 = absent.
 */
export class PeerColumns {
  /** The peer's title and further parts; see `joinParts`. */
  name = new Int32Array(0)
  /** A `PeerRole`. */
  role = new Uint8Array(0)
  /** The attribute that named the peer, an index into `peerAttributes`. */
  attribute = new Uint8Array(0)
  /** How much that attribute says, a `PeerRank`. */
  rank = new Uint8Array(0)
  /** 1 if the peer runs on the host of its caller. */
  local = new Uint8Array(0)
  /** A `MessageAction`. */
  action = new Uint8Array(0)
  /** How many messages the span says it moves, -1 if it does not say. */
  messages = new Float64Array(0)
  /** Address of the host that sent the span. It distinguishes two servers that share one span id. */
  instance = new Int32Array(0)
  /** The spans that a row is linked to, six numbers each: trace id, four words, and span id, two. */
  readonly links = new ListColumn()

  /** Sets all fields of a row to zero. Rows must be reset in ascending order. */
  reset(row: number): void {
    if (row >= this.name.length) this.grow(Math.max(64, row * 2))
    this.name[row] = 0
    this.role[row] = 0
    this.attribute[row] = 0
    this.rank[row] = 0
    this.local[row] = 0
    this.action[row] = 0
    this.messages[row] = -1
    this.instance[row] = 0
    this.links.reset(row)
  }

  /** Gives a row all fields of row `from` of `other`. */
  copy(row: number, other: PeerColumns, from: number): void {
    this.name[row] = other.name[from]!
    this.role[row] = other.role[from]!
    this.attribute[row] = other.attribute[from]!
    this.rank[row] = other.rank[from]!
    this.local[row] = other.local[from]!
    this.action[row] = other.action[from]!
    this.messages[row] = other.messages[from]!
    this.instance[row] = other.instance[from]!
    this.links.copy(row, other.links, from)
  }

  /** Gives a row what another piece of its span says about its peer, and the piece's links. */
  addPiece(row: number, piece: number): void {
    if (this.rank[piece]! > this.rank[row]!) {
      this.name[row] = this.name[piece]!
      this.role[row] = this.role[piece]!
      this.attribute[row] = this.attribute[piece]!
      this.rank[row] = this.rank[piece]!
      this.local[row] = this.local[piece]!
      this.action[row] = this.action[piece]! || this.action[row]!
    }
    this.action[row] ||= this.action[piece]!
    if (this.messages[row]! < 0) this.messages[row] = this.messages[piece]!
    this.instance[row] ||= this.instance[piece]!
    this.links.addMissing(row, piece, 6)
  }

  /** Sets the peer that the attributes of the span name. */
  setPeer(row: number, { name, role, attribute, rank, isLocal, action, messages }: NamedPeer): void {
    this.name[row] = name
    this.role[row] = role
    this.attribute[row] = attribute
    this.rank[row] = rank
    this.local[row] = isLocal ? 1 : 0
    this.action[row] = action
    this.messages[row] = messages
  }

  /**
   * Adds a span link to the last row that was reset. A link without a span id is ignored.
   *
   * @param words trace id, four words, and span id, two, of the other span
   */
  addLink(row: number, words: Uint32Array): void {
    if (words[4] === 0 && words[5] === 0) return
    const at = this.links.append(row, 6)
    this.links.values.set(words, at)
  }

  hasLink(row: number): boolean {
    return this.links.length(row) > 0
  }

  /** Returns trace id and span id of each span that the row is linked to, six words each, without repetitions. */
  linksOf(row: number): Float64Array[] {
    const start = this.links.start(row)
    const all = Array.from({ length: this.links.length(row) / 6 }, (_, index) =>
      this.links.values.subarray(start + index * 6, start + index * 6 + 6),
    )
    return all.length < 2 ? all : [...new Map(all.map((words) => [words.join(), words])).values()]
  }

  private grow(capacity: number): void {
    this.name = resized(this.name, capacity)
    this.role = resized(this.role, capacity)
    this.attribute = resized(this.attribute, capacity)
    this.rank = resized(this.rank, capacity)
    this.local = resized(this.local, capacity)
    this.action = resized(this.action, capacity)
    this.messages = resized(this.messages, capacity)
    this.instance = resized(this.instance, capacity)
  }
}
