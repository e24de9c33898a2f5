import { fault } from '../base/fault.ts'
import type { Fault } from '../base/fault.ts'
import type { TcpConfig } from '../tcp/config.ts'
import { hostDefaults } from './host-config.ts'
import { isSameAddress } from './ip-address.ts'
import type { IpAddress } from './ip-address.ts'

export interface ListenOptions {
  /** Only segments to this address of ours; all of them, of both versions, unless said (RFC 9293 §3.9.1.1). */
  readonly address?: IpAddress
  /** Connections that may be half open, or established and not yet told; more SYNs are answered by cookies, or dropped where those are off, and counted. */
  readonly backlog?: number
  /** Over the host's configuration. */
  readonly config?: Partial<TcpConfig>
  /** Keys of its fast open cookies, four words each, the one that makes new ones first; the host's unless said. */
  readonly fastOpenKeys?: readonly Uint32Array[]
}

/** A port that takes connections: the LISTEN state, shared by all connections to come. */
export class Listener {
  readonly port: number
  readonly address: IpAddress | null
  readonly backlog: number
  readonly config: Partial<TcpConfig>
  /** Connections that count against the backlog. */
  waiting = 0
  readonly fastOpenKeys: readonly Uint32Array[] | null
  /** Connections accepted by their SYN whose handshake is not over (RFC 7413 §5.1), and when those that a reset ended stop counting. */
  pending = 0
  readonly resetUntilUs: number[] = []
  /** An ACK may answer a cookie of ours until then. */
  cookiesUntilUs = -Infinity
  private merged: TcpConfig | null = null

  constructor(port: number, options: ListenOptions) {
    this.port = port
    this.address = options.address ?? null
    this.backlog = options.backlog ?? hostDefaults.backlog
    this.config = options.config ?? {}
    this.fastOpenKeys = options.fastOpenKeys ?? null
  }

  /** Of its connections: what the listener says over what the host says. */
  configOver(host: TcpConfig): TcpConfig {
    this.merged ??= { ...host, ...this.config }
    return this.merged
  }
}

export class ListenerTable {
  private readonly byPort = new Map<number, Listener[]>()

  /** @returns `badArgument` or `portInUse` where the port cannot be had */
  add(port: number, options: ListenOptions): Fault | null {
    if (!Number.isInteger(port) || port < 1 || port > 65535) return fault('badArgument', { name: 'port', value: port, expected: '1 .. 65535' })
    const others = this.byPort.get(port) ?? []
    const address = options.address ?? null
    if (others.some((other) => other.address === null || address === null || isSameAddress(other.address, address))) return fault('portInUse', { port })
    this.byPort.set(port, [...others, new Listener(port, options)])
    return null
  }

  /** @returns whether anybody listened there */
  remove(port: number): boolean {
    return this.byPort.delete(port)
  }

  find(port: number, address: IpAddress): Listener | null {
    const listeners = this.byPort.get(port)
    if (listeners === undefined) return null
    for (const listener of listeners) if (listener.address === null || isSameAddress(listener.address, address)) return listener
    return null
  }

  ports(): number[] {
    return [...this.byPort.keys()]
  }
}
