import type { IpAddress } from './ip-address.ts'

/** Something the owner of a host may want to act on, in the order it happened. */
export interface HostEvent {
  readonly kind: HostEventKind
  /** Connection id; -1 for events of the host itself and of UDP sockets. */
  readonly connection: number
  /** UDP socket id; -1 for everything else. */
  readonly socket: number
  /** The port that was listened on, for connections that came in; -1 otherwise. */
  readonly listenerPort: number
  /** The address that became ours or is in conflict; null for events of connections. */
  readonly address: IpAddress | null
  /** Who else has it. */
  readonly mac: Uint8Array | null
}

/**
 * Of the host:
 * - `addressReady`: the address may be used
 * - `addressConflict`: another machine has the address; it is not used (any more)
 * - `addressDefended`: another machine used the address once and was answered
 *
 * Of a UDP socket:
 * - `datagram`: there is something to receive, where there was nothing
 * - `datagramError`: the network has reported an error about what was sent
 *
 * Of a connection:
 * - `accepted`, `connected`: established, from a listener or by us
 * - `readable`, `writable`: bytes, or the end of the stream, can be received; the send buffer has room again
 * - `urgent`: urgent data appeared, or reaches further
 * - `trouble`: what was sent is not acknowledged, R1 was reached (RFC 9293 §3.8.3); the connection lives on
 * - `remoteClosed`: the other side has sent everything (FIN)
 * - `closed`, `reset`, `refused`, `timedOut`: over; in good order, by RST, by RST to our SYN, by silence
 * - `unreachable`: the network reports trouble; the connection lives on, unless it was not established
 * - `removed`: the closed connection's id means nothing from now on
 */
export const hostEventKinds = [
  'addressReady', 'addressConflict', 'addressDefended', 'datagram', 'datagramError', 'accepted', 'connected', 'readable', 'writable', 'urgent', 'trouble', 'remoteClosed',
  'closed', 'reset', 'refused', 'timedOut', 'unreachable', 'removed',
] as const

export type HostEventKind = typeof hostEventKinds[number]

/** First in, first out; grows as far as its owner lets it. */
export class HostEventQueue {
  private events: HostEvent[] = []
  private next = 0

  get count(): number {
    return this.events.length - this.next
  }

  add(event: HostEvent): void {
    this.events.push(event)
  }

  take(): HostEvent | null {
    if (this.next === this.events.length) return null
    const event = this.events[this.next++]
    if (this.next === this.events.length) {
      this.events.length = 0
      this.next = 0
    }
    return event
  }
}
