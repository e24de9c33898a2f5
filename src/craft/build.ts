import { fault } from '../base/fault.ts'
import { writeU16 } from '../base/bytes.ts'
import { foldChecksum, sumBytes } from '../wire/checksum.ts'
import { ethernetHeaderBytes, maxVlanTags, vlanTagBytes } from '../wire/ethernet.ts'
import { IpProtocol, ipv4HeaderBytes } from '../wire/ipv4.ts'
import { ipv6HeaderBytes } from '../wire/ipv6.ts'
import { TcpHeader, encodeTcp, maxTcpOptionsBytes, tcpHeaderBytes } from '../wire/tcp.ts'
import { encodeTcpOptions, padTcpOptions } from '../wire/tcp-options.ts'
import type { Fault } from '../base/fault.ts'
import { putEthernet, putIpv4, putIpv6, transportPseudoSum } from './put-headers.ts'
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
  putEthernet(draft.ethernet, draft.ip.version, frame)
  if (draft.ip.version === 4) putIpv4(draft.ip, ipOptions, IpProtocol.tcp, frame, ipAt, ipEnd)
  else putIpv6(draft.ip, IpProtocol.tcp, frame, ipAt, ipEnd)
  putTcp(draft, tcpOptions, frame, tcpAt)
  frame.set(draft.payload, payloadAt)
  frame.set(draft.trailer, ipEnd)
  if (draft.tcp.checksum === null) {
    const pseudoSum = transportPseudoSum(draft.ip, IpProtocol.tcp, frame, ipAt, tcpAt, ipEnd)
    writeU16(frame, tcpAt + 16, foldChecksum(sumBytes(frame, tcpAt, ipEnd - tcpAt, pseudoSum)))
  }
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

function putTcp(draft: PacketDraft, options: Uint8Array, frame: Uint8Array, at: number): void {
  const { sourcePort, destinationPort, seq, ack, reserved, flags, window, urgentPointer, dataOffsetWords, checksum } = draft.tcp
  const header = Object.assign(new TcpHeader(), {
    sourcePort, destinationPort, seq, ack, reserved, flags, window, urgentPointer,
    checksum: checksum ?? 0, dataOffsetWords: dataOffsetWords ?? (tcpHeaderBytes + options.length) / 4,
  })
  encodeTcp(header, options, 0, options.length, frame, at)
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
