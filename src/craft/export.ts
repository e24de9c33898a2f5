import { hex } from '../base/bytes.ts'
import { formatIp, formatMac } from '../wire/addresses.ts'
import { encodeTcpOption } from '../wire/tcp-options.ts'
import { buildFrame, isFault, tcpOptionBytes } from './build.ts'
import type { Fault } from '../base/fault.ts'
import type { TcpOption } from '../wire/tcp-options.ts'
import type { Forced, Ipv4Draft, Ipv6Draft, PacketDraft, VlanTagDraft } from './draft.ts'

/** The frame as hex, 16 bytes a line; `parseHex` reads it back. Faults as `buildFrame`. */
export function draftToHex(draft: PacketDraft): string | Fault {
  const frame = buildFrame(draft)
  return isFault(frame) ? frame : lines(frame, 16).map((line) => hex(line, ' ')).join('\n')
}

/** The frame as a C array. Faults as `buildFrame`. */
export function draftToCArray(draft: PacketDraft, name = 'frame'): string | Fault {
  const frame = buildFrame(draft)
  if (isFault(frame)) return frame
  const rows = lines(frame, 12).map((line) => `    ${Array.from(line, (byte) => `0x${hex(Uint8Array.of(byte))}`).join(', ')},`)
  return `static const unsigned char ${name}[${frame.length}] = {\n${rows.join('\n')}\n};\n`
}

/**
 * The packet as a Scapy expression that sends the same bytes. Fields that are computed here are left to Scapy; what its fields cannot say
 * (malformed options, a forced header length over options that do not fit it) is written as bytes. Faults as `buildFrame`.
 */
export function draftToScapy(draft: PacketDraft): string | Fault {
  const frame = buildFrame(draft)
  if (isFault(frame)) return frame
  const { ethernet, ip, payload, trailer } = draft
  const layers = [
    call('Ether', { dst: quote(formatMac(ethernet.destination)), src: quote(formatMac(ethernet.source)), type: hexField(ethernet.tags[0]?.protocol ?? ethernet.etherType) }),
    ...ethernet.tags.map((tag, i) => scapyTag(tag, ethernet.tags[i + 1]?.protocol ?? ethernet.etherType)),
    ip.version === 4 ? scapyIpv4(ip) : scapyIpv6(ip),
  ]
  const isPlain = isPlainForScapy(draft)
  if (isPlain) layers.push(scapyTcp(draft))
  else layers.push(call('Raw', { load: pythonBytes(transportBytes(draft, frame)) }))
  if (isPlain && payload.length > 0) layers.push(call('Raw', { load: pythonBytes(payload) }))
  if (trailer.length > 0) layers.push(call('Padding', { load: pythonBytes(trailer) }))
  return layers.join(' / ')
}

function lines(bytes: Uint8Array, width: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / width) }, (_, i) => bytes.subarray(i * width, (i + 1) * width))
}

function call(name: string, fields: Readonly<Record<string, number | string | null>>): string {
  const given = Object.entries(fields).filter(([, value]) => value !== null).map(([field, value]) => `${field}=${value}`)
  return `${name}(${given.join(', ')})`
}

function quote(text: string): string {
  return `'${text}'`
}

function pythonBytes(bytes: Uint8Array): string {
  return `bytes.fromhex('${hex(bytes)}')`
}

function hexField(value: Forced): string | null {
  return value === null ? null : `0x${value.toString(16)}`
}

function scapyTag(tag: VlanTagDraft, type: Forced): string {
  // Scapy before 2.6 calls the bit `id`: it is said only where it is set.
  const fields = { prio: tag.control >>> 13, dei: tag.control & 0x1000 ? 1 : null, vlan: tag.control & 0xfff, type: hexField(type) }
  return call(tag.protocol === 0x88a8 ? 'Dot1AD' : 'Dot1Q', fields)
}

/** Without a TCP layer above it Scapy cannot know the protocol, so it is always said. */
function scapyIpv4(ip: Ipv4Draft): string {
  const options = ip.options.length > 0 ? `[IPOption(${pythonBytes(ip.options)})]` : null
  return call('IP', {
    ihl: ip.headerWords, tos: ip.tos, len: ip.totalLength, id: ip.identification, flags: ip.flags, frag: ip.fragmentOffset, ttl: ip.ttl, proto: ip.protocol ?? 6,
    chksum: hexField(ip.checksum), src: quote(formatIp(ip.source)), dst: quote(formatIp(ip.destination)), options,
  })
}

function scapyIpv6(ip: Ipv6Draft): string {
  return call('IPv6', {
    tc: ip.trafficClass, fl: ip.flowLabel, plen: ip.payloadLength, nh: ip.nextHeader ?? 6, hlim: ip.hopLimit, src: quote(formatIp(ip.source)), dst: quote(formatIp(ip.destination)),
  })
}

function scapyTcp(draft: PacketDraft): string {
  const { tcp } = draft
  const options = tcp.options.flatMap(scapyOptions)
  return call('TCP', {
    sport: tcp.sourcePort, dport: tcp.destinationPort, seq: tcp.seq, ack: tcp.ack, dataofs: tcp.dataOffsetWords, reserved: tcp.reserved, flags: hexField(tcp.flags),
    window: tcp.window, chksum: hexField(tcp.checksum), urgptr: tcp.urgentPointer, options: options.length > 0 ? `[${options.join(', ')}]` : null,
  })
}

function scapyOptions(option: TcpOption): string[] {
  switch (option.name) {
    case 'eol': return [`('EOL', None)`]
    case 'nop': return [`('NOP', None)`]
    case 'mss': return [`('MSS', ${option.mss})`]
    case 'wscale': return [`('WScale', ${option.shift})`]
    case 'sackOK': return [`('SAckOK', b'')`]
    case 'sack': return [`('SAck', (${option.blocks.flatMap((block) => [block.left, block.right]).join(', ')}))`]
    case 'ts': return [`('Timestamp', (${option.val}, ${option.ecr}))`]
    case 'padding': return Array.from(option.bytes, () => `('EOL', None)`)
    default: {
      const bytes = encodeTcpOption(option)
      return [`(${bytes[0]}, ${pythonBytes(bytes.subarray(2))})`]
    }
  }
}

/** Whether Scapy's fields can say it: extension headers and unusual options they cannot, and options must end on a word as Scapy pads them. */
function isPlainForScapy({ ip, tcp }: PacketDraft): boolean {
  const canSay = tcp.options.every((option) => option.name !== 'malformed' && (option.name !== 'padding' || option.bytes.every((byte) => byte === 0)))
  const length = tcp.options.reduce((sum, option) => sum + encodeTcpOption(option).length, 0)
  const fits = tcp.dataOffsetWords === null || length % 4 === 0
  return canSay && fits && !(ip.version === 6 && ip.extensions.length > 0)
}

/** From behind the fixed IP header to the end of the payload. */
function transportBytes(draft: PacketDraft, frame: Uint8Array): Uint8Array {
  const end = frame.length - draft.trailer.length
  const extensions = draft.ip.version === 6 ? draft.ip.extensions.length : 0
  return frame.slice(end - draft.payload.length - tcpOptionBytes(draft).length - 20 - extensions, end)
}
