import { readU16, writeU16 } from '../base/bytes.ts'
import { ipv6HeaderBytes } from '../wire/ipv6.ts'
import { fillIpv4, IpProtocol } from '../wire/ipv4.ts'
import { pseudoHeaderSum4, pseudoHeaderSum6 } from '../wire/checksum.ts'
import { ethernetHeaderBytes } from '../wire/ethernet.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { encodeUdp, fillUdp, UdpHeader, udpHeaderBytes } from '../wire/udp.ts'
import type { Flow } from './flow.ts'

/** UDP ports as the sender of a packet sees them. */
export interface TunnelPorts { readonly source: number, readonly destination: number }

/** What stood in a datagram: an IP packet with the segment alone. */
export interface Opened { readonly bytes: Uint8Array, readonly ports: TunnelPorts }

/** TCP within UDP, between a host that knows nothing of it and the cable: what it sends is put into datagrams, what comes for it is taken out. */
export class UdpTunnels {
  /** Of connections by their ports, as our side sends. */
  private readonly known = new Map<string, TunnelPorts>()
  private readonly ownPorts = new Set<number>()
  /** The ports that a program has chosen for a connection it opens, by its local port. */
  chosen: (localPort: number) => TunnelPorts | null = () => null

  /** @param ports null: a new connection of those ports goes without */
  learn(flow: Flow, ports: TunnelPorts | null): void {
    this.set(flow.localPort, flow.remotePort, ports)
  }

  /** Null: the connection goes without. */
  of(flow: Flow): TunnelPorts | null {
    return this.known.get(keyOf(flow.localPort, flow.remotePort)) ?? null
  }

  /** A frame that the host sends, as it goes over the cable. */
  sent(frame: Uint8Array): Uint8Array {
    const at = transportAt(frame.subarray(ethernetHeaderBytes), IpProtocol.tcp)
    if (at === null) return frame
    const segmentAt = ethernetHeaderBytes + at
    const [localPort, remotePort] = [readU16(frame, segmentAt), readU16(frame, segmentAt + 2)]
    const opens = (frame[segmentAt + 13] & (TcpFlag.syn | TcpFlag.ack)) === TcpFlag.syn
    if (opens) this.set(localPort, remotePort, this.chosen(localPort))
    const ports = this.known.get(keyOf(localPort, remotePort))
    return ports === undefined ? frame : intoDatagram(frame, ports)
  }

  /** A frame from the cable, as the host takes it. */
  received(frame: Uint8Array): Uint8Array {
    const opened = openDatagram(frame.subarray(ethernetHeaderBytes))
    if (opened === null || !this.ownPorts.has(opened.ports.destination)) return frame
    const made = new Uint8Array(ethernetHeaderBytes + opened.bytes.length)
    made.set(frame.subarray(0, ethernetHeaderBytes))
    made.set(opened.bytes, ethernetHeaderBytes)
    return made
  }

  /** What an IP packet of ours carries; null where it is none of a tunnel. */
  open(bytes: Uint8Array): Opened | null {
    const opened = openDatagram(bytes)
    return opened !== null && this.ownPorts.has(opened.ports.source) ? opened : null
  }

  private set(localPort: number, remotePort: number, ports: TunnelPorts | null): void {
    const key = keyOf(localPort, remotePort)
    if (ports === null) this.known.delete(key)
    else {
      this.known.set(key, ports)
      this.ownPorts.add(ports.source)
    }
  }
}

function keyOf(localPort: number, remotePort: number): string {
  return `${localPort} ${remotePort}`
}

/** Puts the segment of a frame into a datagram of the same IP packet. */
export function intoDatagram(frame: Uint8Array, { source, destination }: TunnelPorts): Uint8Array {
  const at = ethernetHeaderBytes + (transportAt(frame.subarray(ethernetHeaderBytes), IpProtocol.tcp) ?? 0)
  const made = new Uint8Array(frame.length + udpHeaderBytes)
  made.set(frame.subarray(0, at))
  made.set(frame.subarray(at), at + udpHeaderBytes)
  setCarried(made, ethernetHeaderBytes, IpProtocol.udp)
  const header = new UdpHeader()
  header.sourcePort = source
  header.destinationPort = destination
  encodeUdp(header, made, at)
  const length = made.length - at
  const isSix = made[ethernetHeaderBytes] >>> 4 === 6
  const [sourceAt, addressBytes] = isSix ? [ethernetHeaderBytes + 8, 16] : [ethernetHeaderBytes + 12, 4]
  const pseudoSum = isSix ? pseudoHeaderSum6 : pseudoHeaderSum4
  fillUdp(made, at, length, pseudoSum(made, sourceAt, sourceAt + addressBytes, IpProtocol.udp, length))
  return made
}

function openDatagram(bytes: Uint8Array): Opened | null {
  const at = transportAt(bytes, IpProtocol.udp)
  if (at === null || bytes.length < at + udpHeaderBytes) return null
  const inner = new Uint8Array(bytes.length - udpHeaderBytes)
  inner.set(bytes.subarray(0, at))
  inner.set(bytes.subarray(at + udpHeaderBytes), at)
  setCarried(inner, 0, IpProtocol.tcp)
  return { bytes: inner, ports: { source: readU16(bytes, at), destination: readU16(bytes, at + 2) } }
}

/** Where the header of that protocol stands in an IP packet; null where it is another, or a fragment. */
function transportAt(bytes: Uint8Array, protocol: number): number | null {
  if (bytes.length < 20) return null
  if (bytes[0] >>> 4 === 6) return bytes.length >= ipv6HeaderBytes && bytes[6] === protocol ? ipv6HeaderBytes : null
  return bytes[0] >>> 4 === 4 && bytes[9] === protocol && (readU16(bytes, 6) & 0x3fff) === 0 ? (bytes[0] & 15) * 4 : null
}

/** Protocol, length and checksum of the IP packet that ends with the bytes. */
function setCarried(bytes: Uint8Array, at: number, protocol: number): void {
  const length = bytes.length - at
  if (bytes[at] >>> 4 === 6) {
    bytes[at + 6] = protocol
    writeU16(bytes, at + 4, length - ipv6HeaderBytes)
    return
  }
  bytes[at + 9] = protocol
  fillIpv4(bytes, at, length)
}
