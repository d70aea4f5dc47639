/**
 * What a peer is: the other end of a call, as far as the span of this end tells. No span says `user`: so those are
 * called who begin a trace.
 */
export const PeerRole = { none: 0, database: 1, messaging: 2, external: 3, user: 4 } as const

/**
 * What the spans of a table say of the other end: columns that only the service level needs. Rows are those of the
 * table; names are indexes into its strings, 0 = absent.
 */
export class PeerColumns {
  /** The peer's name. */
  name = new Int32Array(0)
  /** A `PeerRole`. */
  role = new Uint8Array(0)
  /** The attribute that named the peer, index into `peerAttributes`. */
  source = new Uint8Array(0)
  /** 1 where the attribute `error` is true. */
  errorTag = new Uint8Array(0)
  /** The sender's own address: tells apart the spans of two servers that answer one shared span id. */
  instance = new Int32Array(0)
  /** The last link: trace id, four words, and span id, two; all 0 where there is none. */
  link = new Uint32Array(0)

  reset(row: number): void {
    if (row >= this.name.length) this.grow(Math.max(64, row * 2))
    this.name[row] = 0
    this.role[row] = 0
    this.source[row] = 0
    this.errorTag[row] = 0
    this.instance[row] = 0
    this.link.fill(0, row * 6, row * 6 + 6)
  }

  copy(row: number, other: PeerColumns, from: number): void {
    this.name[row] = other.name[from]!
    this.role[row] = other.role[from]!
    this.source[row] = other.source[from]!
    this.errorTag[row] = other.errorTag[from]!
    this.instance[row] = other.instance[from]!
    for (let word = 0; word < 6; word++) this.link[row * 6 + word] = other.link[from * 6 + word]!
  }

  hasLink(row: number): boolean {
    const { link } = this
    return (link[row * 6 + 4]! | link[row * 6 + 5]!) !== 0
  }

  private grow(capacity: number): void {
    this.name = grown(this.name, capacity)
    this.role = grown(this.role, capacity)
    this.source = grown(this.source, capacity)
    this.errorTag = grown(this.errorTag, capacity)
    this.instance = grown(this.instance, capacity)
    this.link = grown(this.link, capacity * 6)
  }
}

interface Column<T> {
  set(from: T): void
  constructor: unknown
}

function grown<T extends Column<T>>(column: T, capacity: number): T {
  const next = new (column.constructor as new (length: number) => T)(capacity)
  next.set(column)
  return next
}
