import { concatBytes } from '../base/bytes.ts'
import { Ecn } from '../wire/ipv4.ts'

/** What fragments may cost. Nobody has to be believed: whatever arrives, no more than this is kept. */
export const reassemblyLimits = {
  /** Datagrams that are put together at one time; the oldest gives way. */
  datagrams: 256,
  /** Bytes kept for all of them, with what it takes to keep them. */
  bytes: 1 << 20,
  /** Fragments of one datagram: enough for 64 KiB over the smallest MTU that hosts must take. */
  pieces: 256,
  /** From the fragment that came first; never extended (RFC 1122 §3.3.2, RFC 8200 §4.5). */
  timeoutUs: 60e6,
} as const

/** What an object and an array slot cost beside the bytes. */
const bytesPerPiece = 128
const bytesPerDatagram = 512

/** A received fragment, without its header checks: those are the versions' own. One object is filled again and again. */
export class Fragment {
  /** What datagrams are told apart by: addresses and identification, for IPv4 the protocol too. */
  key = ''
  bytes: Uint8Array = new Uint8Array(0)
  /** From the IP header to the fragment's payload; kept of the first fragment. */
  headerAt = 0
  payloadAt = 0
  payloadLength = 0
  /** In bytes. */
  offset = 0
  moreFragments = false
  ecn = 0
  isUnicast = false
}

interface Piece { readonly at: number, readonly bytes: Uint8Array }

/** A datagram that is being put together; its pieces do not overlap and stand in order. */
export class PartialDatagram {
  readonly key: string
  readonly createdUs: number
  /** Of the first fragment, once that is there. */
  header: Uint8Array | null = null
  isUnicast = true
  /** Overlapped: nothing of it is ever delivered. */
  isAbandoned = false
  pieces: Piece[] = []
  received = 0
  heldBytes = bytesPerDatagram
  /** Length of the whole payload, once the last fragment is there; -1 until then. */
  length = -1
  private ecnSeen = 0

  constructor(key: string, createdUs: number) {
    this.key = key
    this.createdUs = createdUs
  }

  get isWhole(): boolean {
    return this.header !== null && this.received === this.length
  }

  /** The whole packet, still with the first fragment's header. */
  join(): Uint8Array {
    return concatBytes([this.header!, ...this.pieces.map(({ bytes }) => bytes)])
  }

  /** As much of the first fragment as an error quotes. Only where it has come. */
  firstFragment(): Uint8Array {
    return concatBytes([this.header!, this.pieces[0].bytes])
  }

  /** The ECN bits of the whole: CE where a fragment had it; -1 where that is mixed with fragments that were not capable of it (RFC 3168 §5.3). */
  ecn(ofFirst: number): number {
    if ((this.ecnSeen & (1 << Ecn.ce)) === 0) return ofFirst
    return (this.ecnSeen & (1 << Ecn.notEct)) === 0 ? Ecn.ce : -1
  }

  /** @returns false where it contradicts what is there: another end, other bytes for the same place, too many pieces */
  take(fragment: Fragment): boolean {
    const { offset, payloadLength, moreFragments } = fragment
    const end = offset + payloadLength
    if (this.length >= 0 && (moreFragments ? end > this.length : end !== this.length)) return false
    let index = this.pieces.length
    while (index > 0 && this.pieces[index - 1].at > offset) index--
    if (this.isRepeated(fragment, this.pieces[index - 1])) return true
    if (index > 0 && endOf(this.pieces[index - 1]) > offset) return false
    if (index < this.pieces.length && this.pieces[index].at < end) return false
    if (!moreFragments && index < this.pieces.length) return false
    if (this.pieces.length === reassemblyLimits.pieces) return false
    this.keep(fragment, index)
    return true
  }

  private keep(fragment: Fragment, index: number): void {
    const { offset, payloadAt, payloadLength, headerAt } = fragment
    this.pieces.splice(index, 0, { at: offset, bytes: fragment.bytes.slice(payloadAt, payloadAt + payloadLength) })
    this.received += payloadLength
    this.heldBytes += payloadLength + bytesPerPiece
    this.isUnicast &&= fragment.isUnicast
    this.ecnSeen |= 1 << fragment.ecn
    if (!fragment.moreFragments) this.length = offset + payloadLength
    if (offset !== 0) return
    this.header = fragment.bytes.slice(headerAt, payloadAt)
    this.heldBytes += this.header.length
  }

  /** The same fragment once more does no harm (RFC 8200 §4.5). */
  private isRepeated(fragment: Fragment, known: Piece | undefined): boolean {
    if (known === undefined || known.at !== fragment.offset || known.bytes.length !== fragment.payloadLength) return false
    for (let i = 0; i < known.bytes.length; i++) if (known.bytes[i] !== fragment.bytes[fragment.payloadAt + i]) return false
    return true
  }
}

/**
 * Puts fragments together again, within {@link reassemblyLimits}. A datagram whose fragments overlap is given up as a whole (RFC 5722): for
 * IPv6 what comes later of it is dropped too, for IPv4, with its 16 bits of identification, the next fragment begins anew.
 */
export class Reassembly {
  private readonly datagrams = new Map<string, PartialDatagram>()
  private readonly staysAbandoned: boolean
  private readonly timedOut: (datagram: PartialDatagram, nowUs: number) => void
  private held = 0

  /** @param timedOut time is up for a datagram whose first fragment has come */
  constructor(staysAbandoned: boolean, timedOut: (datagram: PartialDatagram, nowUs: number) => void) {
    this.staysAbandoned = staysAbandoned
    this.timedOut = timedOut
  }

  get count(): number {
    return this.datagrams.size
  }

  get heldBytes(): number {
    return this.held
  }

  /** @returns the datagram that this fragment has made whole, which is no longer kept; `held`, or `dropped` where it came to nothing */
  add(fragment: Fragment, nowUs: number): PartialDatagram | 'held' | 'dropped' {
    this.handleTimeout(nowUs)
    const datagram = this.datagrams.get(fragment.key) ?? this.begin(fragment.key, nowUs)
    if (datagram.isAbandoned) return 'dropped'
    const before = datagram.heldBytes
    if (!datagram.take(fragment)) {
      this.abandon(datagram)
      return 'dropped'
    }
    this.held += datagram.heldBytes - before
    if (datagram.isWhole) {
      this.remove(datagram)
      return datagram
    }
    for (const oldest of this.datagrams.values()) {
      if (this.held <= reassemblyLimits.bytes) break
      if (oldest !== datagram) this.remove(oldest)
    }
    return 'held'
  }

  nextDeadlineUs(): number {
    for (const { createdUs } of this.datagrams.values()) return createdUs + reassemblyLimits.timeoutUs
    return Infinity
  }

  handleTimeout(nowUs: number): void {
    // A map keeps the order of insertion: the oldest come first.
    for (const datagram of this.datagrams.values()) {
      if (datagram.createdUs + reassemblyLimits.timeoutUs > nowUs) return
      this.remove(datagram)
      if (datagram.header !== null) this.timedOut(datagram, nowUs)
    }
  }

  clear(): void {
    this.datagrams.clear()
    this.held = 0
  }

  private begin(key: string, nowUs: number): PartialDatagram {
    if (this.datagrams.size >= reassemblyLimits.datagrams) for (const oldest of this.datagrams.values()) { this.remove(oldest); break }
    const datagram = new PartialDatagram(key, nowUs)
    this.datagrams.set(key, datagram)
    this.held += datagram.heldBytes
    return datagram
  }

  private abandon(datagram: PartialDatagram): void {
    if (!this.staysAbandoned) { this.remove(datagram); return }
    datagram.isAbandoned = true
    datagram.header = null
    datagram.pieces = []
    this.held += bytesPerDatagram - datagram.heldBytes
    datagram.heldBytes = bytesPerDatagram
  }

  private remove(datagram: PartialDatagram): void {
    this.datagrams.delete(datagram.key)
    this.held -= datagram.heldBytes
  }
}

function endOf(piece: Piece): number {
  return piece.at + piece.bytes.length
}
