import type { Fault } from '../base/fault.ts'
import type { TcpConfig } from '../tcp/config.ts'
import type { DecisionVerb } from '../tcp/decision.ts'
import type { TcpSnapshot } from '../tcp/snapshot.ts'

export const applicationNames = ['echo', 'discard', 'chargen', 'http', 'udp-echo', 'udp-discard', 'udp-manual'] as const
/** `manual` ones are the user's: what comes is kept to be looked at, and nothing is answered by itself. */
export type ApplicationName = typeof applicationNames[number]

export interface HostSettings {
  /** `address/length`, or `dhcp` */
  address: string
  mac?: string
  gateway?: string
  /** `auto` (a link-local address and what routers advertise) unless said; `address/length` for one more; `off`. */
  ipv6?: string
  /** Preset of TcpConfig. */
  preset?: string
  /** Fixed first sequence number in place of RFC 6528. */
  isn?: number
  listen?: { port: number, application: ApplicationName }[]
}

export interface HostState {
  running: boolean
  phase: 'off' | 'probing' | 'ready' | 'conflict'
  address: string
  mac: string
  gateway: string | null
  mtu: number
  listeners: { port: number, application: ApplicationName }[]
  /** Link-local first; none where IPv6 is off. */
  ipv6Addresses: { address: string, state: 'tentative' | 'assigned' | 'duplicate' }[]
  /** Of both versions; an age of -1 is not known. */
  neighbours: { address: string, mac: string, state: string, ageMs: number }[]
  fault: Fault | null
}

export interface ConnectRequest {
  address: string
  port: number
  /** What talks on our side: `http-get` sends a request and closes after the answer, `manual` leaves it to the user. */
  application?: 'manual' | 'http-get'
  /** Path for `http-get`. */
  path?: string
  send?: Uint8Array
  closeAfterSend?: boolean
}

export interface DatagramRequest {
  address: string
  port: number
  /** Our port; one that is free, and the same again next time, unless said. */
  from?: number
  data: Uint8Array
}

export interface DatagramPage { total: number, datagrams: DatagramRow[] }

/** A datagram that was sent or received by hand, or an error that the network has told of one. */
export interface DatagramRow {
  /** Ascending from 1. */
  id: number
  timeUs: number
  what: 'sent' | 'received' | 'error'
  localPort: number
  address: string
  port: number
  data: Uint8Array
  /** Of an error. */
  icmp: IcmpReport | null
}

/** What ICMP has told; worded by the shells from the catalogue (`icmp`). */
export interface IcmpReport { version: 4 | 6, type: number, code: number }

/** One line of the socket table. */
export interface SocketRow {
  /** Connection id; -1 for a listener. */
  connection: number
  /** 0 the lab host, 1 the second host of the virtual link. */
  host: 0 | 1
  localAddress: string
  localPort: number
  remoteAddress: string
  remotePort: number
  /** Index of TcpState; -1 for UDP. */
  state: number
  receiveQueue: number
  sendQueue: number
  timer: { name: string, remainingMs: number } | null
  /** Who opened it: 0 active (client), 1 passive (server). */
  side: 0 | 1
  application: string
}

/** What the engine decided and why; worded by the shells from the catalogue (`reasons`). */
export interface Decision {
  /** Ascending over the whole lab. */
  id: number
  timeUs: number
  host: 0 | 1
  connection: number
  verb: DecisionVerb
  reason: string
  operands: Record<string, number>
  rfc: string
  seq: number
  length: number
  /** The segment as one line, for verbs that moved one. */
  line: string | null
}

/** A connection as the Endpoint workspace draws it. */
export interface ConnectionView {
  connection: number
  timeUs: number
  localAddress: string
  remoteAddress: string
  side: 0 | 1
  application: string
  /** The last trouble that the network told of, which the connection has survived. */
  softError: IcmpReport | null
  /** Every knob of this connection as it is set now. */
  config: TcpConfig
  snapshot: TcpSnapshot
  /** The other end where it is ours too (virtual link), or null. */
  peer: TcpSnapshot | null
}

export interface InjectRequest {
  /** Whole link-layer frames, sent as they are. */
  frames: Uint8Array[]
  /**
   * Packets in one-line form, sent after the frames. The core adds what a line leaves out: the Ethernet header (our MAC and the
   * neighbour's), the lab host as source, lengths and checksums. @throws packetSyntax with `line`, `column`, `expected`, `got`
   */
  lines?: string[]
  /** How often the whole list is sent; 1 unless said. */
  count?: number
  /** Frames a second; as fast as the guard rails allow unless said. */
  ratePps?: number
  /** Public addresses the user agreed to, for this lab run. */
  consent?: string[]
}

export interface InjectResult { sent: number, failed: number }
