import { fault } from '../base/fault.ts'
import type { Fault } from '../base/fault.ts'
import type { Random } from '../base/random.ts'
import { selectEphemeralPort } from './ephemeral-ports.ts'
import { isSameAddress } from './ip-address.ts'
import type { IpAddress } from './ip-address.ts'
import { udpLimits, UdpSocket } from './udp-socket.ts'
import type { UdpOptions } from './udp-socket.ts'

/** The bound UDP ports of a host. */
export class UdpSockets {
  private readonly byId = new Map<number, UdpSocket>()
  private readonly byPort = new Map<number, UdpSocket[]>()
  private readonly random: Random
  private readonly ephemeral: { readonly first: number, readonly last: number }
  private lastId = 0

  constructor(random: Random, ephemeral: { readonly first: number, readonly last: number }) {
    this.random = random
    this.ephemeral = ephemeral
  }

  /** @param port 0 for one that is free. @returns the socket; or `badArgument`, `portInUse`, `bufferFull` */
  bind(port: number, options: UdpOptions): UdpSocket | Fault {
    if (!Number.isInteger(port) || port < 0 || port > 65535) return fault('badArgument', { name: 'port', value: port, expected: '0 .. 65535' })
    if (this.byId.size >= udpLimits.sockets) return fault('bufferFull', { limit: udpLimits.sockets })
    const { first, last } = this.ephemeral
    const chosen = port > 0 ? port : selectEphemeralPort(first, last, this.random, (candidate) => !this.byPort.has(candidate))
    if (chosen < 0) return fault('portInUse', { port: `${first}-${last}` })
    const others = this.byPort.get(chosen) ?? []
    if (others.some((other) => overlaps(other.options, options))) return fault('portInUse', { port: chosen })
    const socket = new UdpSocket(++this.lastId, chosen, options)
    this.byId.set(socket.id, socket)
    this.byPort.set(chosen, [...others, socket])
    return socket
  }

  close(id: number): boolean {
    const socket = this.byId.get(id)
    if (socket === undefined) return false
    this.byId.delete(id)
    const others = this.byPort.get(socket.port)!.filter((other) => other !== socket)
    if (others.length > 0) this.byPort.set(socket.port, others)
    else this.byPort.delete(socket.port)
    return true
  }

  get(id: number): UdpSocket | undefined {
    return this.byId.get(id)
  }

  all(): IterableIterator<UdpSocket> {
    return this.byId.values()
  }

  /** The socket that says most about whom it serves; a group or broadcast address is everybody's. */
  find(local: IpAddress, isUnicast: boolean, localPort: number, remote: IpAddress, remotePort: number): UdpSocket | null {
    const sockets = this.byPort.get(localPort)
    if (sockets === undefined) return null
    let found: UdpSocket | null = null
    let best = -1
    for (const socket of sockets) {
      const { address, remote: peer } = socket.options
      if (address !== undefined && isUnicast && !isSameAddress(address, local)) continue
      if (peer !== undefined && (peer.port !== remotePort || !isSameAddress(peer.address, remote))) continue
      const rank = (peer === undefined ? 0 : 2) + (address === undefined ? 0 : 1)
      if (rank > best) {
        best = rank
        found = socket
      }
    }
    return found
  }
}

/** Whether both would have to take the same datagram, and neither says more than the other. */
function overlaps(a: UdpOptions, b: UdpOptions): boolean {
  if ((a.remote === undefined) !== (b.remote === undefined)) return false
  if (a.remote !== undefined && b.remote !== undefined && (a.remote.port !== b.remote.port || !isSameAddress(a.remote.address, b.remote.address))) return false
  return a.address === undefined || b.address === undefined || isSameAddress(a.address, b.address)
}
