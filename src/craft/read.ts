import { fault } from '../base/fault.ts'
import { readU16 } from '../base/bytes.ts'
import { EtherType, ethernetHeaderBytes } from '../wire/ethernet.ts'
import { IpProtocol, ipv4HeaderBytes } from '../wire/ipv4.ts'
import { ipv6HeaderBytes } from '../wire/ipv6.ts'
import { Layer, LinkType, Packet, decodePacket } from '../wire/packet.ts'
import { decodeTcpOptions } from '../wire/tcp-options.ts'
import { tcpHeaderBytes } from '../wire/tcp.ts'
import { buildFrame, isFault } from './build.ts'
import type { Fault } from '../base/fault.ts'
import type { Forced, Ipv4Draft, Ipv6Draft, PacketDraft } from './draft.ts'

/**
 * The draft of an Ethernet frame that carries TCP; building it gives the same bytes. What differs from what would be computed is forced.
 * @returns `frameTooShort` (`length`, `limit`) where a header is cut, `badArgument` where the frame carries no TCP header
 */
export function readFrame(bytes: Uint8Array): PacketDraft | Fault {
  const packet = new Packet()
  decodePacket(bytes, 0, bytes.length, LinkType.ethernet, packet)
  if (packet.error?.reason === 'truncated') return fault('frameTooShort', { length: bytes.length, limit: shortestFrame(packet) })
  if (!(packet.layers & Layer.tcp)) return fault('badArgument', { name: 'frame', value: packet.protocol < 0 ? `ethertype ${packet.etherType}` : `protocol ${packet.protocol}`, expected: 'TCP' })
  const structure = readStructure(packet, bytes)
  return forceChecksums(structure, packet, bytes)
}

/** Everything but the checksums, which depend on it. */
function readStructure(packet: Packet, bytes: Uint8Array): PacketDraft {
  const { ethernet, tcp } = packet
  // Where the header claims more options than there are, the text begins behind those that are there.
  const textAt = tcp.optionsOffset + tcp.optionsLength
  const ipEnd = textAt + packet.payloadLength
  const automaticType = packet.ipVersion === 4 ? EtherType.ipv4 : EtherType.ipv6
  return {
    ethernet: {
      destination: ethernet.destination.slice(), source: ethernet.source.slice(),
      tags: Array.from({ length: ethernet.tagCount }, (_, i) => ({ protocol: ethernet.tagProtocols[i], control: ethernet.tagControls[i] })),
      etherType: forced(ethernet.etherType, automaticType),
    },
    ip: packet.ipVersion === 4 ? readIpv4(packet, bytes, ipEnd) : readIpv6(packet, bytes, ipEnd),
    tcp: {
      sourcePort: tcp.sourcePort, destinationPort: tcp.destinationPort, seq: tcp.seq, ack: tcp.ack, reserved: tcp.reserved, flags: tcp.flags, window: tcp.window,
      urgentPointer: tcp.urgentPointer, options: decodeTcpOptions(bytes, tcp.optionsOffset, tcp.optionsLength),
      dataOffsetWords: forced(tcp.dataOffsetWords, (tcpHeaderBytes + tcp.optionsLength) / 4), checksum: null,
    },
    payload: bytes.slice(textAt, ipEnd),
    trailer: bytes.slice(ipEnd),
  }
}

function readIpv4(packet: Packet, bytes: Uint8Array, ipEnd: number): Ipv4Draft {
  const { ipv4, ipOffset } = packet
  return {
    version: 4, source: bytes.slice(ipOffset + 12, ipOffset + 16), destination: bytes.slice(ipOffset + 16, ipOffset + 20),
    tos: ipv4.tos, identification: ipv4.identification, flags: ipv4.flags, fragmentOffset: ipv4.fragmentOffset, ttl: ipv4.ttl,
    options: bytes.slice(ipv4.optionsOffset, ipv4.optionsOffset + ipv4.optionsLength),
    headerWords: forced(ipv4.headerWords, (ipv4HeaderBytes + ipv4.optionsLength) / 4), totalLength: forced(ipv4.totalLength, ipEnd - ipOffset),
    protocol: forced(ipv4.protocol, IpProtocol.tcp), checksum: null,
  }
}

function readIpv6(packet: Packet, bytes: Uint8Array, ipEnd: number): Ipv6Draft {
  const { ipv6, ipOffset } = packet
  const extensions = bytes.slice(ipOffset + ipv6HeaderBytes, packet.transportOffset)
  return {
    version: 6, source: ipv6.source.slice(), destination: ipv6.destination.slice(), trafficClass: ipv6.trafficClass, flowLabel: ipv6.flowLabel, hopLimit: ipv6.hopLimit,
    extensions, payloadLength: forced(ipv6.payloadLength, ipEnd - ipOffset - ipv6HeaderBytes), nextHeader: extensions.length > 0 ? ipv6.nextHeader : null,
  }
}

/** Builds the frame with computed checksums, and forces those that stand otherwise. */
function forceChecksums(draft: PacketDraft, packet: Packet, bytes: Uint8Array): PacketDraft | Fault {
  const built = buildFrame(draft)
  if (isFault(built)) return built
  const difference = (at: number) => forced(readU16(bytes, at), readU16(built, at))
  const tcp = { ...draft.tcp, checksum: difference(packet.transportOffset + 16) }
  const ip = draft.ip.version === 4 ? { ...draft.ip, checksum: difference(packet.ipOffset + 10) } : draft.ip
  return { ...draft, ip, tcp }
}

function forced(actual: number, automatic: number): Forced {
  return actual === automatic ? null : actual
}

function shortestFrame(packet: Packet): number {
  if (packet.protocol === IpProtocol.tcp) return packet.transportOffset + tcpHeaderBytes
  const ipAt = packet.layers & Layer.ethernet ? packet.payloadOffset : ethernetHeaderBytes
  return ipAt + (packet.etherType === EtherType.ipv6 ? ipv6HeaderBytes : ipv4HeaderBytes) + tcpHeaderBytes
}
