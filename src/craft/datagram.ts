import { writeU16, writeU32 } from '../base/bytes.ts'
import { fault } from '../base/fault.ts'
import type { Fault } from '../base/fault.ts'
import { ethernetHeaderBytes } from '../wire/ethernet.ts'
import { encodeIcmp, fillIcmpChecksum, icmpHeaderBytes } from '../wire/icmp.ts'
import { fillIcmpv6Checksum, Icmpv6Type } from '../wire/icmpv6.ts'
import { IpProtocol, ipv4HeaderBytes } from '../wire/ipv4.ts'
import { ipv6HeaderBytes } from '../wire/ipv6.ts'
import { isOneLineError } from '../wire/one-line-cursor.ts'
import type { OneLineError } from '../wire/one-line-cursor.ts'
import { parseOneLineDatagram } from '../wire/one-line-datagram.ts'
import type { OneLineDatagram, OneLineIcmp, OneLineQuoted } from '../wire/one-line-datagram.ts'
import { encodeUdp, fillUdp, udpHeaderBytes } from '../wire/udp.ts'
import { ipv4Draft, ipv6Draft } from './draft.ts'
import type { EthernetDraft, Ipv4Draft, Ipv6Draft } from './draft.ts'
import { ipOfLine } from './one-line.ts'
import { putEthernet, putIpv4, putIpv6, transportPseudoSum } from './put-headers.ts'

/** A UDP or ICMP packet that is being made; lengths are computed. */
export interface DatagramDraft {
  readonly ethernet: EthernetDraft
  readonly ip: Ipv4Draft | Ipv6Draft
  readonly line: OneLineDatagram
}

export interface DatagramDefaults { readonly ethernet: EthernetDraft, readonly ip: Ipv4Draft | Ipv6Draft, readonly sourcePort: number, readonly destinationPort: number }

/** What a line of UDP or ICMP does not say comes from `defaults`. Discovery messages get the hop limit without which nobody reads them (RFC 4861 §6.1, §7.1). */
export function datagramFromOneLine(text: string, { ethernet, ip, sourcePort, destinationPort }: DatagramDefaults): DatagramDraft | OneLineError {
  const line = parseOneLineDatagram(text)
  if (isOneLineError(line)) return line
  const hopLimit = line.icmp !== null && isDiscovery(line.icmp.type) && line.ip.ttl === null ? { hopLimit: 255 } : {}
  const made = ipOfLine(ip, line)
  const withPorts = line.icmp !== null ? line
    : { ...line, source: line.source ?? { address: null, port: sourcePort }, destination: line.destination ?? { address: null, port: destinationPort } }
  return { ethernet, ip: made.version === 6 ? { ...made, ...hopLimit } : made, line: withPorts }
}

/** The frame of a draft. @returns `frameTooLong` (`length`, `limit`) where it fits no IP packet */
export function buildDatagram({ ethernet, ip, line }: DatagramDraft): Uint8Array | Fault {
  const message = line.icmp === null ? udpMessage(line) : icmpMessage(line, line.icmp)
  const protocol = line.icmp === null ? IpProtocol.udp : ip.version === 4 ? IpProtocol.icmp : IpProtocol.icmpv6
  const ipAt = ethernetHeaderBytes
  const at = ipAt + (ip.version === 4 ? ipv4HeaderBytes : ipv6HeaderBytes)
  const end = at + message.length
  const length = ip.version === 4 ? end - ipAt : message.length
  if (length > 0xffff) return fault('frameTooLong', { length, limit: 0xffff })
  const frame = new Uint8Array(end)
  putEthernet(ethernet, ip.version, frame)
  if (ip.version === 4) putIpv4(ip, new Uint8Array(0), protocol, frame, ipAt, end)
  else putIpv6(ip, protocol, frame, ipAt, end)
  frame.set(message, at)
  const pseudoSum = protocol === IpProtocol.icmp ? 0 : transportPseudoSum(ip, protocol, frame, ipAt, at, end)
  if (protocol === IpProtocol.udp) fillUdp(frame, at, message.length, pseudoSum)
  else if (protocol === IpProtocol.icmp) fillIcmpChecksum(frame, at, message.length)
  else fillIcmpv6Checksum(frame, at, message.length, pseudoSum)
  if (line.checksum !== null) writeU16(frame, at + (protocol === IpProtocol.udp ? 6 : 2), line.checksum)
  return frame
}

function udpMessage({ source, destination, length, data }: OneLineDatagram): Uint8Array {
  const bytes = new Uint8Array(udpHeaderBytes + length)
  encodeUdp({ sourcePort: source?.port ?? 0, destinationPort: destination?.port ?? 0, length: bytes.length, checksum: 0 }, bytes, 0)
  if (data !== null) bytes.set(data, udpHeaderBytes)
  return bytes
}

function icmpMessage({ length, data }: OneLineDatagram, { type, code, rest, target, quoted }: OneLineIcmp): Uint8Array {
  const behind = quoted !== null ? quotedPacket(quoted) : data ?? new Uint8Array(target === null ? length : Math.max(length, target.length))
  if (target !== null) behind.set(target)
  const bytes = new Uint8Array(icmpHeaderBytes + behind.length)
  encodeIcmp({ type, code, checksum: 0, rest }, bytes, 0)
  bytes.set(behind, icmpHeaderBytes)
  return bytes
}

/** The IP header and the first eight bytes behind it (RFC 792), as the packet would have had them with nothing in it. */
function quotedPacket({ source, destination, protocol, sourcePort, destinationPort, seq }: OneLineQuoted): Uint8Array {
  const isTcp = protocol === IpProtocol.tcp
  const hasPorts = isTcp || protocol === IpProtocol.udp
  const headerBytes = source.length === 4 ? ipv4HeaderBytes : ipv6HeaderBytes
  const bytes = new Uint8Array(headerBytes + 8)
  const wholeBytes = headerBytes + (isTcp ? 20 : 8)
  if (source.length === 4) putIpv4({ ...ipv4Draft(source, destination), totalLength: wholeBytes }, new Uint8Array(0), protocol, bytes, 0, wholeBytes)
  else putIpv6(ipv6Draft(source, destination), protocol, bytes, 0, wholeBytes)
  if (!hasPorts) return bytes
  writeU16(bytes, headerBytes, sourcePort)
  writeU16(bytes, headerBytes + 2, destinationPort)
  if (isTcp) writeU32(bytes, headerBytes + 4, seq)
  else writeU16(bytes, headerBytes + 4, udpHeaderBytes)
  return bytes
}

function isDiscovery(type: number): boolean {
  return type >= Icmpv6Type.routerSolicitation && type <= Icmpv6Type.redirect
}
