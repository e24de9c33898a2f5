import { writeU16, writeU32 } from '../../../src/base/bytes.ts'
import { solicitedNode, writeMulticastMac } from '../../../src/stack/ipv6-address.ts'
import type { HostConfig } from '../../../src/stack/host-config.ts'
import { parseIpv6 } from '../../../src/wire/addresses.ts'
import { pseudoHeaderSum6Of } from '../../../src/wire/checksum.ts'
import { fillIcmpv6Checksum } from '../../../src/wire/icmpv6.ts'
import { encodeIpv6, Ipv6Header } from '../../../src/wire/ipv6.ts'
import { encodeTcp, fillTcpChecksum, TcpHeader } from '../../../src/wire/tcp.ts'
import { fillUdp } from '../../../src/wire/udp.ts'
import { Bench, ethernetFrame, ourMac, peerMac } from './harness.ts'

export const ip6 = (text: string): Uint8Array => parseIpv6(text)!

export const ourIp6 = ip6('fd00::2')
export const ourLinkLocal = ip6('fe80::ff:fe00:2')
export const peerIp6 = ip6('fd00::1')
export const peerLinkLocal = ip6('fe80::1')
export const unspecified = ip6('::')
export const allNodes = ip6('ff02::1')

export const ipv6Config: Partial<HostConfig> = { ipv6: true, ipv6Addresses: [{ address: ourIp6, prefixLength: 64 }] }

/** A host whose IPv6 addresses are assigned; its announcements are over. */
export function ready6(change: Partial<HostConfig> = {}): Bench {
  return Bench.ready({ ...ipv6Config, ...change })
}

/** The same, with the peer's MAC learnt from a solicitation. */
export function met6(change: Partial<HostConfig> = {}): Bench {
  const bench = ready6(change)
  bench.receives(solicitation({ target: ourIp6, option: peerMac }))
  bench.frames()
  return bench
}

export interface Ipv6Options {
  source?: Uint8Array
  destination?: Uint8Array
  nextHeader: number
  payload: Uint8Array
  to?: Uint8Array
  hopLimit?: number
  padding?: number
  change?: Partial<Ipv6Header>
}

export function ipv6Frame(options: Ipv6Options): Uint8Array {
  const { source = peerIp6, destination = ourIp6, payload } = options
  const header = new Ipv6Header()
  header.source.set(source)
  header.destination.set(destination)
  header.nextHeader = options.nextHeader
  header.hopLimit = options.hopLimit ?? 64
  header.payloadLength = payload.length
  Object.assign(header, options.change)
  const body = new Uint8Array(40 + payload.length + (options.padding ?? 0))
  encodeIpv6(header, body, 0)
  body.set(payload, 40)
  return ethernetFrame(0x86dd, body, options.to ?? macOf(destination))
}

function macOf(destination: Uint8Array): Uint8Array {
  if (destination[0] !== 0xff) return ourMac
  const mac = new Uint8Array(6)
  writeMulticastMac(destination, mac, 0)
  return mac
}

export function icmpv6Message(type: number, code: number, rest: number, data: Uint8Array, source = peerIp6, destination = ourIp6): Uint8Array {
  const message = new Uint8Array(8 + data.length)
  message[0] = type
  message[1] = code
  writeU32(message, 4, rest)
  message.set(data, 8)
  fillIcmpv6Checksum(message, 0, message.length, pseudoHeaderSum6Of(source, destination, 58, message.length))
  return message
}

export function icmpv6Frame(type: number, code: number, rest: number, data: Uint8Array, more: Partial<Ipv6Options> = {}): Uint8Array {
  return ipv6Frame({ nextHeader: 58, payload: icmpv6Message(type, code, rest, data, more.source, more.destination), ...more })
}

const linkLayerOption = (type: number, mac: Uint8Array | undefined) => (mac === undefined ? [] : [type, 1, ...mac])

export interface NdpMessage { target: Uint8Array, option?: Uint8Array, source?: Uint8Array, destination?: Uint8Array, hopLimit?: number, code?: number, extra?: number[] }

export function solicitation({ target, option, source, destination = solicitedNode(target), hopLimit = 255, code = 0, extra = [] }: NdpMessage): Uint8Array {
  return icmpv6Frame(135, code, 0, Uint8Array.from([...target, ...linkLayerOption(1, option), ...extra]), { source, destination, hopLimit })
}

/** @param flags R, S and O as in "SO" */
export function advertisement(flags: string, { target, option, source = target, destination = ourIp6, hopLimit = 255, code = 0, extra = [] }: NdpMessage): Uint8Array {
  const rest = ((flags.includes('R') ? 0x80000000 : 0) + (flags.includes('S') ? 0x40000000 : 0) + (flags.includes('O') ? 0x20000000 : 0)) >>> 0
  return icmpv6Frame(136, code, rest, Uint8Array.from([...target, ...linkLayerOption(2, option), ...extra]), { source, destination, hopLimit })
}

export interface RouterOptions { source?: Uint8Array, hopLimit?: number, lifetime?: number, prefix?: Uint8Array, flags?: number, valid?: number, preferred?: number, mtu?: number }

export function routerAdvertisement(options: RouterOptions = {}): Uint8Array {
  const prefix = new Uint8Array(32)
  prefix.set([3, 4, 64, options.flags ?? 0xc0])
  writeU32(prefix, 4, options.valid ?? 86_400)
  writeU32(prefix, 8, options.preferred ?? 3600)
  prefix.set(options.prefix ?? ip6('2001:db8:1::'), 16)
  const mtu = new Uint8Array(8)
  mtu.set([5, 1])
  writeU32(mtu, 4, options.mtu ?? 1500)
  const data = Uint8Array.from([...new Uint8Array(8), 1, 1, ...peerMac, ...mtu, ...prefix])
  const rest = (64 << 24 | (options.lifetime ?? 1800)) >>> 0
  return icmpv6Frame(134, 0, rest, data, { source: options.source ?? peerLinkLocal, destination: allNodes, hopLimit: options.hopLimit ?? 255 })
}

export function udp6(sourcePort: number, destinationPort: number, data: Uint8Array): Uint8Array {
  const datagram = new Uint8Array(8 + data.length)
  writeU16(datagram, 0, sourcePort)
  writeU16(datagram, 2, destinationPort)
  datagram.set(data, 8)
  fillUdp(datagram, 0, datagram.length, pseudoHeaderSum6Of(peerIp6, ourIp6, 17, datagram.length))
  return datagram
}

export function tcp6(change: Partial<TcpHeader>, data = new Uint8Array(0), source = peerIp6, destination = ourIp6): Uint8Array {
  const header = new TcpHeader()
  header.window = 65535
  Object.assign(header, change)
  const segment = new Uint8Array(20 + data.length)
  encodeTcp(header, segment, 0, 0, segment, 0)
  segment.set(data, 20)
  fillTcpChecksum(segment, 0, segment.length, pseudoHeaderSum6Of(source, destination, 6, segment.length))
  return segment
}
