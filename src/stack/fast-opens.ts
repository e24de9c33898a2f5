import { writeU32 } from '../base/bytes.ts'
import type { Random } from '../base/random.ts'
import type { TcpConfig } from '../tcp/config.ts'
import type { FastOpen, FastOpenTerms } from '../tcp/fast-open.ts'
import type { TcpSegment } from '../tcp/segment.ts'
import { sipHash24 } from '../tcp/siphash.ts'
import { TcpState } from '../tcp/state.ts'
import type { ConnectionRecord } from './connection-record.ts'
import { formatAddress } from './ip-address.ts'
import type { IpAddress } from './ip-address.ts'
import type { Listener } from './listeners.ts'

/** Servers that are remembered; the one that was not used for longest gives way. */
const maxServers = 256
/** A connection that a reset ended goes on counting for so long: who forges addresses gets resets for an answer (RFC 7413 §5.1). */
const resetCountsUs = 60_000_000

interface Server {
  cookie: Uint8Array | null
  mss: number
  /** Ports that are opened the ordinary way until then (§4.1.3.1). */
  readonly pausedUntilUs: Map<number, number>
}

/**
 * What a host remembers for TCP Fast Open (RFC 7413): as a client the cookies of servers and what was in vain, as a server the keys of its cookies.
 * A cookie is SipHash-2-4 over the peer's address and ours, eight bytes, least significant first.
 */
export class FastOpens {
  /** Drawn at start unless somebody sets them. */
  keys: readonly Uint32Array[]
  private readonly servers = new Map<string, Server>()

  constructor(random: Random) {
    this.keys = [Uint32Array.from({ length: 4 }, () => random.nextU32())]
  }

  /** For a connection that we open; undefined where it opens the ordinary way. */
  termsOfClient(config: TcpConfig, remote: IpAddress, port: number, nowUs: number): FastOpenTerms | undefined {
    if (config.fastOpen !== 'client' && config.fastOpen !== 'both') return undefined
    const server = this.servers.get(formatAddress(remote))
    if (server === undefined) return { cookies: [], mss: 0, hasRoom: true }
    if ((server.pausedUntilUs.get(port) ?? -Infinity) > nowUs) return undefined
    return { cookies: server.cookie === null ? [] : [server.cookie], mss: server.mss, hasRoom: true }
  }

  /** For a SYN that has come; undefined where nothing on it asks for more than an ordinary handshake. */
  termsOfServer(config: TcpConfig, listener: Listener, local: IpAddress, remote: IpAddress, syn: TcpSegment, nowUs: number): FastOpenTerms | undefined {
    if (config.fastOpen !== 'server' && config.fastOpen !== 'both') return undefined
    const hasOption = syn.options.fastOpenCookieLength >= 0 || syn.options.fastOpenTrialLength >= 0
    if (!hasOption && config.fastOpenCookies) return undefined
    const { resetUntilUs } = listener
    while (resetUntilUs.length > 0 && resetUntilUs[0] <= nowUs) resetUntilUs.shift()
    return {
      cookies: (listener.fastOpenKeys ?? this.keys).map((key) => cookieOf(key, remote, local)), mss: 0,
      hasRoom: listener.pending + resetUntilUs.length < config.fastOpenPending,
    }
  }

  knowsCookie(remote: IpAddress, port: number, nowUs: number): boolean {
    const server = this.servers.get(formatAddress(remote))
    return server !== undefined && server.cookie !== null && !((server.pausedUntilUs.get(port) ?? -Infinity) > nowUs)
  }

  /** How an opening of ours ended. */
  learn({ remoteAddress, remotePort, connection }: ConnectionRecord, fastOpen: FastOpen, isConnected: boolean): void {
    const { granted, outcome, changedUs } = fastOpen
    const wasInVain = outcome === 'fellBack' || (outcome === 'refused' && granted === null) || (!isConnected && (outcome === 'asked' || outcome === 'tried'))
    if (granted === null && !wasInVain) return
    const name = formatAddress(remoteAddress)
    const server: Server = this.servers.get(name) ?? { cookie: null, mss: 0, pausedUntilUs: new Map() }
    // The one that was used last stands last.
    this.servers.delete(name)
    this.servers.set(name, server)
    if (this.servers.size > maxServers) this.servers.delete(this.servers.keys().next().value!)
    if (wasInVain) {
      server.pausedUntilUs.set(remotePort, changedUs + connection.config.fastOpenPauseUs)
      return
    }
    server.cookie = granted
    server.mss = fastOpen.grantedMss
  }

  /** A connection was accepted by its SYN. */
  begin(record: ConnectionRecord, listener: Listener): void {
    record.pendingFor = listener
    listener.pending++
  }

  /** A segment has come for such a connection. */
  settle(record: ConnectionRecord, nowUs: number): void {
    const { state } = record.connection
    if (state === TcpState.synReceived) return
    if (state === TcpState.closed) record.pendingFor!.resetUntilUs.push(nowUs + resetCountsUs)
    this.end(record)
  }

  end(record: ConnectionRecord): void {
    record.pendingFor!.pending--
    record.pendingFor = null
  }
}

const input = new Uint8Array(32)
const hash = new Uint32Array(2)

function cookieOf(key: Uint32Array, client: IpAddress, server: IpAddress): Uint8Array {
  sipHash24(key, input, putAddress(server, putAddress(client, 0)), hash)
  const cookie = new Uint8Array(8)
  for (let i = 0; i < 8; i++) cookie[i] = hash[i >>> 2] >>> 8 * (i & 3)
  return cookie
}

/** @returns where it ends */
function putAddress(address: IpAddress, at: number): number {
  if (typeof address === 'number') {
    writeU32(input, at, address)
    return at + 4
  }
  input.set(address, at)
  return at + 16
}
