import { copyBytes } from '../base/bytes.ts'
import { encodeArp } from './arp.ts'
import { encodeCooked } from './cooked.ts'
import { encodeEthernet } from './ethernet.ts'
import { encodeIcmp } from './icmp.ts'
import { encodeIcmpv6 } from './icmpv6.ts'
import { encodeIpv4 } from './ipv4.ts'
import { encodeIpv6 } from './ipv6.ts'
import { Layer } from './packet.ts'
import { encodeTcp } from './tcp.ts'
import { encodeUdp } from './udp.ts'
import type { Packet } from './packet.ts'

/**
 * Writes a decoded frame again: every decoded header from its fields, all else (options, extension headers, payload, padding) copied from
 * `bytes`, the array it was decoded from. What comes out equals what went in, whatever the fields say.
 * @returns bytes written: `packet.frameLength`
 */
export function encodePacket(packet: Packet, bytes: Uint8Array, into: Uint8Array, at: number): number {
  const { layers } = packet
  const shift = at - packet.frameAt
  let copied = packet.frameAt
  const copyUpTo = (offset: number) => {
    copyBytes(bytes, copied, into, copied + shift, offset - copied)
  }
  if (layers & Layer.ethernet) copied += encodeEthernet(packet.ethernet, into, at)
  else if (layers & Layer.cooked) copied += encodeCooked(packet.cooked, into, at)
  if (layers & Layer.shim) {
    copyUpTo(packet.shims.end)
    copied = packet.shims.end
  }
  if (layers & Layer.arp) copied += encodeArp(packet.arp, into, copied + shift)
  if (layers & Layer.ipv4) {
    const { ipv4 } = packet
    copied += encodeIpv4(ipv4, bytes, ipv4.optionsOffset, ipv4.optionsLength, into, packet.ipOffset + shift)
  } else if (layers & Layer.ipv6) {
    copied += encodeIpv6(packet.ipv6, into, packet.ipOffset + shift)
  }
  if (layers & (Layer.tcp | Layer.udp | Layer.icmp | Layer.icmpv6)) {
    copyUpTo(packet.transportOffset)
    copied = packet.transportOffset + encodeTransport(packet, bytes, into, packet.transportOffset + shift)
  }
  copyUpTo(packet.frameAt + packet.frameLength)
  return packet.frameLength
}

function encodeTransport(packet: Packet, bytes: Uint8Array, into: Uint8Array, at: number): number {
  const { layers, tcp } = packet
  if (layers & Layer.tcp) return encodeTcp(tcp, bytes, tcp.optionsOffset, tcp.optionsLength, into, at)
  if (layers & Layer.udp) return encodeUdp(packet.udp, into, at)
  return layers & Layer.icmp ? encodeIcmp(packet.icmp, into, at) : encodeIcmpv6(packet.icmpv6, into, at)
}
