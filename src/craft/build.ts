import { fault } from '../base/fault.ts'
import { copyBytes, writeU16 } from '../base/bytes.ts'
import { foldChecksum, pseudoHeaderSum4, pseudoHeaderSum6, sumBytes } from '../wire/checksum.ts'
import { EtherType, EthernetHeader, encodeEthernet, ethernetHeaderBytes, maxVlanTags, vlanTagBytes } from '../wire/ethernet.ts'
import { IpProtocol, Ipv4Header, encodeIpv4, fillIpv4Checksum, ipv4HeaderBytes } from '../wire/ipv4.ts'
import { Ipv6Extensions, Ipv6Header, encodeIpv6, ipv6HeaderBytes, walkIpv6Extensions } from '../wire/ipv6.ts'
import { TcpHeader, encodeTcp, maxTcpOptionsBytes, tcpHeaderBytes } from '../wire/tcp.ts'
import { encodeTcpOptions, padTcpOptions } from '../wire/tcp-options.ts'
import type { Fault } from '../base/fault.ts'
import type { Ipv4Draft, Ipv6Draft, PacketDraft } from './draft.ts'

/**
 * The frame of a draft.
 * @returns `badArgument` (`name`, `value`, `expected`) where a field does not fit its bits, or options exceed 40 bytes with an automatic header length;
 *   `frameTooLong` (`length`, `limit`) where the packet does not fit a 16-bit length that is to be computed
 */
export function buildFrame(draft: PacketDraft): Uint8Array | Fault {
  const tcpOptions = tcpOptionBytes(draft)
  const ipOptions = ipOptionBytes(draft.ip)
  const complaint = checkRanges(draft) ?? checkLengths(draft, tcpOptions.length, ipOptions.length)
  if (complaint) return complaint
  const ipAt = ethernetHeaderBytes + draft.ethernet.tags.length * vlanTagBytes
  const tcpAt = ipAt + (draft.ip.version === 4 ? ipv4HeaderBytes : ipv6HeaderBytes) + ipOptions.length
  const payloadAt = tcpAt + tcpHeaderBytes + tcpOptions.length
  const ipEnd = payloadAt + draft.payload.length
  const frame = new Uint8Array(ipEnd + draft.trailer.length)
  putEthernet(draft, frame)
  if (draft.ip.version === 4) putIpv4(draft.ip, ipOptions, frame, ipAt, ipEnd)
  else putIpv6(draft.ip, frame, ipAt, ipEnd)
  putTcp(draft, tcpOptions, frame, tcpAt)
  frame.set(draft.payload, payloadAt)
  frame.set(draft.trailer, ipEnd)
  if (draft.tcp.checksum === null) writeU16(frame, tcpAt + 16, foldChecksum(sumBytes(frame, tcpAt, ipEnd - tcpAt, pseudoSum(draft.ip, frame, ipAt, tcpAt, ipEnd))))
  return frame
}

export function isFault(result: Uint8Array | object): result is Fault {
  return 'code' in result
}

/** The option bytes as they will stand in the header. */
export function tcpOptionBytes(draft: PacketDraft): Uint8Array {
  const bytes = encodeTcpOptions(draft.tcp.options)
  return draft.tcp.dataOffsetWords === null ? padTcpOptions(bytes) : bytes
}

function ipOptionBytes(ip: Ipv4Draft | Ipv6Draft): Uint8Array {
  if (ip.version === 6) return ip.extensions
  return ip.headerWords === null ? padTcpOptions(ip.options) : ip.options
}

function putEthernet(draft: PacketDraft, frame: Uint8Array): void {
  const header = new EthernetHeader()
  header.destination.set(draft.ethernet.destination)
  header.source.set(draft.ethernet.source)
  header.tagCount = draft.ethernet.tags.length
  draft.ethernet.tags.forEach((tag, i) => {
    header.tagProtocols[i] = tag.protocol
    header.tagControls[i] = tag.control
  })
  header.etherType = draft.ethernet.etherType ?? (draft.ip.version === 4 ? EtherType.ipv4 : EtherType.ipv6)
  encodeEthernet(header, frame, 0)
}

function putIpv4(ip: Ipv4Draft, options: Uint8Array, frame: Uint8Array, at: number, end: number): void {
  const header = Object.assign(new Ipv4Header(), {
    headerWords: ip.headerWords ?? (ipv4HeaderBytes + options.length) / 4, tos: ip.tos, totalLength: ip.totalLength ?? end - at, identification: ip.identification,
    flags: ip.flags, fragmentOffset: ip.fragmentOffset, ttl: ip.ttl, protocol: ip.protocol ?? IpProtocol.tcp, checksum: ip.checksum ?? 0,
  })
  encodeIpv4(header, options, 0, options.length, frame, at)
  copyBytes(ip.source, 0, frame, at + 12, 4)
  copyBytes(ip.destination, 0, frame, at + 16, 4)
  if (ip.checksum === null) fillIpv4Checksum(frame, at)
}

function putIpv6(ip: Ipv6Draft, frame: Uint8Array, at: number, end: number): void {
  const header = Object.assign(new Ipv6Header(), {
    trafficClass: ip.trafficClass, flowLabel: ip.flowLabel, payloadLength: ip.payloadLength ?? end - at - ipv6HeaderBytes,
    nextHeader: ip.nextHeader ?? IpProtocol.tcp, hopLimit: ip.hopLimit,
  })
  header.source.set(ip.source)
  header.destination.set(ip.destination)
  encodeIpv6(header, frame, at)
  frame.set(ip.extensions, at + ipv6HeaderBytes)
}

function putTcp(draft: PacketDraft, options: Uint8Array, frame: Uint8Array, at: number): void {
  const { sourcePort, destinationPort, seq, ack, reserved, flags, window, urgentPointer, dataOffsetWords, checksum } = draft.tcp
  const header = Object.assign(new TcpHeader(), {
    sourcePort, destinationPort, seq, ack, reserved, flags, window, urgentPointer,
    checksum: checksum ?? 0, dataOffsetWords: dataOffsetWords ?? (tcpHeaderBytes + options.length) / 4,
  })
  encodeTcp(header, options, 0, options.length, frame, at)
}

/** Of the packet as it is, whatever lengths are forced; the final destination counts behind a routing header (RFC 8200 §8.1). */
function pseudoSum(ip: Ipv4Draft | Ipv6Draft, frame: Uint8Array, ipAt: number, tcpAt: number, ipEnd: number): number {
  if (ip.version === 4) return pseudoHeaderSum4(frame, ipAt + 12, ipAt + 16, IpProtocol.tcp, ipEnd - tcpAt)
  const extensions = new Ipv6Extensions()
  walkIpv6Extensions(frame, ipAt + ipv6HeaderBytes, ip.extensions.length, frame[ipAt + 6], ipAt + 6, extensions)
  const destinationAt = extensions.finalDestinationAt < 0 ? ipAt + 24 : extensions.finalDestinationAt
  return pseudoHeaderSum6(frame, ipAt + 8, destinationAt, IpProtocol.tcp, ipEnd - tcpAt)
}

const u8 = 0xff
const u16 = 0xffff
const u32 = 0xffff_ffff

/** The largest value of each field; forced ones may be null. */
const tcpLimits = {
  sourcePort: u16, destinationPort: u16, seq: u32, ack: u32, reserved: 7, flags: 0x1ff, window: u16, urgentPointer: u16, dataOffsetWords: 15, checksum: u16,
} as const
const ipv4Limits = { tos: u8, identification: u16, flags: 7, fragmentOffset: 0x1fff, ttl: u8, headerWords: 15, totalLength: u16, protocol: u8, checksum: u16 } as const
const ipv6Limits = { trafficClass: u8, flowLabel: 0xfffff, hopLimit: u8, payloadLength: u16, nextHeader: u8 } as const

function checkRanges(draft: PacketDraft): Fault | null {
  const { ethernet, ip, tcp } = draft
  const addressBytes = ip.version === 4 ? 4 : 16
  return checkBytes('ethernet.destination', ethernet.destination, 6) ?? checkBytes('ethernet.source', ethernet.source, 6)
    ?? checkNumber('ethernet.etherType', ethernet.etherType, u16) ?? checkNumber('ethernet.tags', ethernet.tags.length, maxVlanTags)
    ?? first(ethernet.tags, (tag) => checkNumber('vlan.protocol', tag.protocol, u16) ?? checkNumber('vlan.control', tag.control, u16))
    ?? checkBytes('ip.source', ip.source, addressBytes) ?? checkBytes('ip.destination', ip.destination, addressBytes)
    ?? (ip.version === 4 ? checkFields<keyof typeof ipv4Limits>('ipv4', ip, ipv4Limits) : checkFields<keyof typeof ipv6Limits>('ipv6', ip, ipv6Limits))
    ?? checkFields<keyof typeof tcpLimits>('tcp', tcp, tcpLimits)
}

function checkLengths(draft: PacketDraft, tcpOptionsLength: number, ipOptionsLength: number): Fault | null {
  const { ip, tcp } = draft
  if (tcp.dataOffsetWords === null && tcpOptionsLength > maxTcpOptionsBytes) return badArgument('tcp.options', tcpOptionsLength, `0..${maxTcpOptionsBytes}`)
  if (ip.version === 4 && ip.headerWords === null && ipOptionsLength > 40) return badArgument('ipv4.options', ipOptionsLength, '0..40')
  if (ip.version === 6 && ip.extensions.length > 0 && ip.nextHeader === null) return badArgument('ipv6.nextHeader', '', `0..${u8}`)
  const length = (ip.version === 4 ? ipv4HeaderBytes : 0) + ipOptionsLength + tcpHeaderBytes + tcpOptionsLength + draft.payload.length
  const isForced = (ip.version === 4 ? ip.totalLength : ip.payloadLength) !== null
  return length > u16 && !isForced ? fault('frameTooLong', { length, limit: u16 }) : null
}

function checkFields<Name extends string>(layer: string, fields: { readonly [Key in Name]: number | null }, limits: { readonly [Key in Name]: number }): Fault | null {
  return first(Object.keys(limits) as Name[], (name) => checkNumber(`${layer}.${name}`, fields[name], limits[name]))
}

function checkNumber(name: string, value: number | null, limit: number): Fault | null {
  return value === null || (Number.isInteger(value) && value >= 0 && value <= limit) ? null : badArgument(name, value, `0..${limit}`)
}

function checkBytes(name: string, bytes: Uint8Array, length: number): Fault | null {
  return bytes.length === length ? null : badArgument(name, bytes.length, `${length}`)
}

function badArgument(name: string, value: number | string, expected: string): Fault {
  return fault('badArgument', { name, value, expected })
}

function first<Item>(items: readonly Item[], check: (item: Item) => Fault | null): Fault | null {
  for (const item of items) {
    const found = check(item)
    if (found) return found
  }
  return null
}
