import { copyBytes, writeU16 } from '../base/bytes.ts'
import { icmpCodeName, icmpTypeName } from '../wire/icmp-names.ts'
import { encodeIcmp, fillIcmpChecksum, IcmpHeader, icmpHeaderBytes, IcmpType } from '../wire/icmp.ts'
import { encodeIcmpv6, fillIcmpv6Checksum, Icmpv6Header, Icmpv6Type } from '../wire/icmpv6.ts'
import { IpProtocol } from '../wire/ipv4.ts'
import { ipFrame, pseudoSum, quotedSegment, writeIpHeader } from './build-packet.ts'
import type { Flow } from './flow.ts'
import { unsupported } from './problem.ts'
import type { IcmpBody, PacketAction, QuotedPacket } from './script.ts'

/** Names that scripts use beside those that we print. */
const aliases: Readonly<Record<string, string>> = {
  ttl_exceeded_in_transit: 'ttl_exceeded', frag_reassembly_time_exceeded: 'reassembly_timeout', addr_unreachable: 'address_unreachable', not_neighbor: 'not_neighbour',
  src_route_failed: 'source_route_failed', src_host_isolated: 'source_host_isolated', filtered: 'packet_filtered', filter_prohibited: 'packet_filtered', no_port: 'port_unreachable',
  net_unknown: 'net_unreachable_unknown', host_unknown: 'host_unreachable_unknown',
}

/** The type and code that the words mean, or null. */
export function icmpNumbers(version: 4 | 6, body: IcmpBody): { type: number, code: number } | null {
  const type = findNumber(body.type, 'type_', (number) => icmpTypeName(version, number))
  if (type < 0) return null
  const code = body.code === null ? 0 : findNumber(aliases[body.code] ?? body.code, 'code_', (number) => icmpCodeName(version, type, number))
  return code < 0 ? null : { type, code }
}

/** An ICMP message from the other side, behind room for an Ethernet header. @throws ScriptProblem for words that mean nothing here */
export function buildIcmp(flow: Flow, action: PacketAction, body: IcmpBody): Uint8Array {
  const numbers = icmpNumbers(flow.version, body)
  if (numbers === null) throw unknownIcmp(flow.version, body)
  const quoted = body.quoted === null ? new Uint8Array(0) : quotedBytes(flow, body.quoted)
  const length = icmpHeaderBytes + quoted.length
  const frame = ipFrame(flow, action.ip, flow.version === 4 ? IpProtocol.icmp : IpProtocol.icmpv6, length)
  const at = frame.length - length
  copyBytes(quoted, 0, frame, at + icmpHeaderBytes, quoted.length)
  const header = flow.version === 4 ? new IcmpHeader() : new Icmpv6Header()
  header.type = numbers.type
  header.code = numbers.code
  header.rest = restOf(flow.version, numbers.type, body)
  if (flow.version === 4) {
    encodeIcmp(header, frame, at)
    fillIcmpChecksum(frame, at, length)
  } else {
    encodeIcmpv6(header, frame, at)
    fillIcmpv6Checksum(frame, at, length, pseudoSum(flow, IpProtocol.icmpv6, length))
  }
  return frame
}

export function unknownIcmp(version: 4 | 6, body: IcmpBody): Error {
  return unsupported(body.where, 'icmpKind', `icmp${version === 6 ? 'v6' : ''} ${body.type} ${body.code ?? ''}`.trim())
}

function restOf(version: 4 | 6, type: number, body: IcmpBody): number {
  const isTooBig = version === 4 ? type === IcmpType.unreachable : type === Icmpv6Type.packetTooBig
  if (isTooBig && body.mtu !== null) return body.mtu
  return body.id === null ? 0 : (body.id << 16) >>> 0
}

function quotedBytes(flow: Flow, quoted: QuotedPacket): Uint8Array {
  if (quoted.kind === 'tcp') return quotedSegment(flow, quoted.seq, quoted.length)
  const bytes = new Uint8Array((flow.version === 4 ? 20 : 40) + 8)
  const protocol = quoted.kind === 'udp' ? IpProtocol.udp : 255
  const at = writeIpHeader(bytes, 0, flow, true, { ecn: null, tos: null, ttl: null, flowLabel: null }, protocol, 8 + quoted.length)
  if (quoted.kind === 'udp') {
    writeU16(bytes, at, flow.localPort)
    writeU16(bytes, at + 2, flow.remotePort)
    writeU16(bytes, at + 4, 8 + quoted.length)
  }
  return bytes
}

function findNumber(name: string, prefix: string, nameOf: (number: number) => string): number {
  const numbered = new RegExp(`^${prefix}(\\d{1,3})$`).exec(name)
  if (numbered !== null) return Number(numbered[1]) < 256 ? Number(numbered[1]) : -1
  for (let number = 0; number < 256; number++) if (nameOf(number) === name) return number
  return -1
}
