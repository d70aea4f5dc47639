import { RowList } from '../columns/row-lists.ts'
import { compareSpans, isTimedHi, SpanKind, SpanTable } from '../spans/span-table.ts'

/**
 * The pieces of the spans of one trace. A span that arrived in several pieces counts by one row, which gets what the
 * others know until `restore` is called.
 */
export class SpanPieces {
  /** The rows that do not count, those of one span next to each other, in the order of `comparePieces`. */
  private readonly rows = new RowList()
  /** For each of these rows the row of its span. */
  private spanOf: Int32Array = new Int32Array(0)
  /** The rows that got something, and what they were before. */
  private readonly united = new RowList()
  private before: SpanTable | undefined
  private spans!: SpanTable
  private readonly compare = (a: number, b: number) =>
    this.spanOf[a]! - this.spanOf[b]! || comparePieces(this.spans, a, b)

  clear(): void {
    this.rows.clear()
  }

  add(row: number): void {
    this.rows.push(row)
  }

  /** Orders the pieces. @param spanOf for each piece the row of its span */
  settle(spans: SpanTable, spanOf: Int32Array): void {
    this.spanOf = spanOf
    this.spans = spans
    this.rows.sort(this.compare)
  }

  /** Gives each span what its pieces know. */
  unite(spans: SpanTable): void {
    const { rows, spanOf, united } = this
    united.clear()
    if (rows.length === 0) return
    if (this.before?.strings !== spans.strings) this.before = new SpanTable(spans.strings)
    this.before.clear()
    for (let at = 0; at < rows.length; at++) {
      const piece = rows.rows[at]!
      const row = spanOf[piece]!
      if (united.length === 0 || united.rows[united.length - 1] !== row) {
        united.push(row)
        this.before.copyRow(spans, row)
      }
      addPiece(spans, row, piece)
    }
  }

  /** Gives the rows their own facts back, so that the table stays as it was read. */
  restore(spans: SpanTable): void {
    const { united, before } = this
    for (let at = 0; at < united.length; at++) spans.setRow(united.rows[at]!, before!, at)
    united.clear()
  }
}

/**
 * Compares two pieces of a span: those with a kind first, then those with a service, a possible start, and the rest of
 * `compareSpans`.
 */
export function comparePieces(spans: SpanTable, a: number, b: number): number {
  const { kind, service } = spans
  return (
    Number(kind[a] === SpanKind.unspecified) - Number(kind[b] === SpanKind.unspecified) ||
    Number(service[a] === 0) - Number(service[b] === 0) ||
    compareSpans(spans, a, b)
  )
}

/** Returns whether a span without a kind may be a piece of another one: neither service nor parent differs. */
export function canBeOneSpan(spans: SpanTable, a: number, b: number): boolean {
  const { parentIdHi, parentIdLo } = spans
  const isRoot = (row: number) => parentIdHi[row] === 0 && parentIdLo[row] === 0
  const isSibling = parentIdHi[a] === parentIdHi[b] && parentIdLo[a] === parentIdLo[b]
  return isOfOneService(spans, a, b) && (isSibling || isRoot(a) || isRoot(b))
}

const isOfOneService = ({ service }: SpanTable, a: number, b: number) =>
  service[a] === service[b] || service[a] === 0 || service[b] === 0

/**
 * Gives a row what another piece of its span knows and it does not. A failed piece fails the span, the peer that says
 * most is its peer, and links add up. A piece of another service says nothing: two servers may share an id.
 */
function addPiece(spans: SpanTable, row: number, piece: number): void {
  if (!isOfOneService(spans, row, piece)) return
  const { parentIdHi, parentIdLo, service, name, tagValue, groups, status } = spans
  addTime(spans, row, piece)
  if (parentIdHi[row] === 0 && parentIdLo[row] === 0) {
    parentIdHi[row] = parentIdHi[piece]!
    parentIdLo[row] = parentIdLo[piece]!
  }
  service[row] ||= service[piece]!
  name[row] ||= name[piece]!
  tagValue[row] ||= tagValue[piece]!
  if (groups) groups[row] ||= groups[piece]!
  status[row] = Math.max(status[row]!, status[piece]!)
  spans.peers?.addPiece(row, piece)
  spans.weights?.addPiece(row, piece)
}

function addTime(spans: SpanTable, row: number, piece: number): void {
  const { startHi, startLo, durationNs, skewed } = spans
  const ownNs = lastsNs(spans, row)
  const ofPieceNs = lastsNs(spans, piece)
  const takesStart = !spans.isTimed(row) && spans.isTimed(piece)
  if (takesStart) {
    startHi[row] = startHi[piece]!
    startLo[row] = startLo[piece]!
    durationNs[row] = ownNs
  }
  if (ownNs > 0 || (!takesStart && ofPieceNs === 0)) return
  durationNs[row] = ofPieceNs
  skewed[row] = skewed[piece]!
}

/** Returns the duration of a row, 0 if it goes from an impossible start to a possible end. */
function lastsNs({ startHi, startLo, durationNs }: SpanTable, row: number): number {
  const endHi = startHi[row]! + Math.floor((startLo[row]! + durationNs[row]!) / 2 ** 32)
  return isTimedHi(startHi[row]!) || !isTimedHi(endHi) ? durationNs[row]! : 0
}
