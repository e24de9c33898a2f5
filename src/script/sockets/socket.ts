import type { TcpConfig } from '../../tcp/config.ts'
import type { Errno } from '../constants.ts'
import type { DatagramSocket } from './datagrams.ts'
import type { PipeEnd } from './pipes.ts'

export type SocketPhase = 'fresh' | 'listening' | 'connecting' | 'connected' | 'over'

/** A TCP socket of the program that a script plays. */
export class Socket {
  readonly kind = 'socket'
  /** Of the addresses that it names; on the wire an IPv6 socket may speak IPv4. */
  readonly family: 4 | 6
  phase: SocketPhase = 'fresh'
  boundPort = 0
  /** The host's number of the connection; -1 before there is one. */
  connection = -1
  isNonBlocking = false
  /** An error that waits to be told. */
  error: Errno | null = null
  /** Connections that wait for accept. */
  readonly accepts: Socket[] = []
  /** The socket that this one came in by, until it is accepted. */
  listener: Socket | null = null
  backlog = 0
  readShut = false
  writeShut = false
  isClosed = false
  /** It came in at a listener. */
  cameIn = false
  lingers = false
  lingerUs = 0
  receiveTimeoutUs = 0
  sendTimeoutUs = 0
  /** Connect has answered, and the SYN waits for what goes with it (TCP_FASTOPEN_CONNECT). */
  isDeferred = false
  /** Of a call that connects and sends: what has gone with the SYN. */
  givenBytes = 0
  fastOpenKeys: readonly Uint32Array[] | null = null
  isCorked = false
  /** How often something came in, room to send came back where it was missed, and anything else changed: what wakes those who wait for edges. */
  arrivals = 0
  rooms = 0
  changes = 0
  /** Somebody found no room to send. */
  missesRoom = false
  /** Something was sent that TCP_CORK or MSG_MORE may hold back. */
  isHeld = false
  /** The engine's knobs that options have set. */
  tcp: Partial<TcpConfig>
  /** Options as they are read back, by name. */
  readonly options = new Map<string, number>()
  congestionControl: string | null = null

  constructor(family: 4 | 6, tcp: Partial<TcpConfig>) {
    this.family = family
    this.tcp = tcp
  }
}

/** A file of bytes that are only counted: what is written adds to those that can be read. */
export class ByteFile {
  readonly kind = 'bytes'
  bytes: number
  isNonBlocking = false

  constructor(bytes: number) {
    this.bytes = bytes
  }
}

export interface Interest { readonly fd: number, readonly events: number, readonly data: number, seen: string, isSpent: boolean }

export class EpollFile {
  readonly kind = 'epoll'
  readonly interests = new Map<number, Interest>()
  isNonBlocking = false
}

export type OpenFile = Socket | DatagramSocket | ByteFile | PipeEnd | EpollFile
