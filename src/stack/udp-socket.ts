import type { IpAddress } from './ip-address.ts'
import type { ReportedError } from './network-error.ts'

export const udpLimits = {
  sockets: 1024,
  /** Datagrams and bytes that wait in one socket to be received; what comes after that is dropped and counted. */
  queuedDatagrams: 256,
  queuedBytes: 256 * 1024,
} as const

export interface UdpOptions {
  /** Only datagrams to this address of ours; of all of them, of both versions, unless said. It is the source of what is sent. */
  readonly address?: IpAddress
  /** Only datagrams from there. */
  readonly remote?: { readonly address: IpAddress, readonly port: number }
  /** Refuse to send what the path does not take whole, in place of fragments. */
  readonly dontFragment?: boolean
  readonly ttl?: number
}

/** A datagram that was received. */
export interface Datagram {
  readonly address: IpAddress
  readonly port: number
  /** The address of ours that it came to; a group or broadcast address is left to tell. */
  readonly localAddress: IpAddress
  readonly bytes: Uint8Array
}

/** An error about a datagram that went there. */
export interface DatagramError extends ReportedError { readonly address: IpAddress, readonly port: number }

/** A bound UDP port with the datagrams that wait in it (RFC 768, RFC 1122 §4.1). */
export class UdpSocket {
  readonly id: number
  readonly port: number
  readonly options: UdpOptions
  /** What the network has reported of datagrams from here, since it was asked for (RFC 1122 §4.1.3.3). */
  error: DatagramError | null = null
  received = 0
  sent = 0
  /** Datagrams for which there was no room. */
  dropped = 0
  private readonly queue: Datagram[] = []
  private bytesQueued = 0

  constructor(id: number, port: number, options: UdpOptions) {
    this.id = id
    this.port = port
    this.options = options
  }

  get queuedBytes(): number {
    return this.bytesQueued
  }

  get queuedDatagrams(): number {
    return this.queue.length
  }

  /** @returns whether there was room */
  add(datagram: Datagram): boolean {
    if (this.queue.length >= udpLimits.queuedDatagrams || this.bytesQueued + datagram.bytes.length > udpLimits.queuedBytes) {
      this.dropped++
      return false
    }
    this.received++
    this.queue.push(datagram)
    this.bytesQueued += datagram.bytes.length
    return true
  }

  take(): Datagram | null {
    const datagram = this.queue.shift()
    if (datagram === undefined) return null
    this.bytesQueued -= datagram.bytes.length
    return datagram
  }
}
