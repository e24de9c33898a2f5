import type { Datagram } from '../udp-socket.ts'

/** What runs on a UDP port. */
export interface DatagramApplication {
  /** @param reply sends bytes back, from the address that was written to */
  datagram(datagram: Datagram, reply: (bytes: Uint8Array) => void, nowUs: number): void
}

/** Ports of services that answer whatever comes: two of them would talk for ever (echo, daytime, quotd, chargen, time). */
const answering: ReadonlySet<number> = new Set([7, 13, 17, 19, 37])

/** Sends each datagram back (RFC 862), but not to those who would send it back again. */
export class DatagramEcho implements DatagramApplication {
  datagram({ port, bytes }: Datagram, reply: (bytes: Uint8Array) => void): void {
    if (!answering.has(port)) reply(bytes)
  }
}

/** Throws every datagram away (RFC 863). */
export class DatagramDiscard implements DatagramApplication {
  received = 0

  datagram({ bytes }: Datagram): void {
    this.received += bytes.length
  }
}
